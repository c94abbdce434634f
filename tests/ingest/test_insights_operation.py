"""What the pipeline says of itself, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.insights import operation
from ingest.insights.directory import Directory
from ingest.insights.operation import Operation
from sinks.books import Books
from sinks.model import DeadLetter, Device, Envelope, Field, Organisation, Point
from sinks.ports import Settlement, SourceEvent
from sinks.storage import Storage

NOW = 1_782_907_230_000
MINUTE = 60_000
KNOWN = "24e124713d090011"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Books, Operation]]:
    storage = Storage(data=tmp_path)
    with closing(storage.open_books()) as books, closing(storage.open_registry()) as registry:
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        registry.add_device(Device(KNOWN, "offenbach", "milesight_em400_mud"))
        directory = Directory(registry)
        directory.refresh()
        yield books, Operation(books, books.ledger, directory)


def message(number: int) -> Envelope:
    return Envelope("main", None, "t", b"{}", (NOW - 90_000 + number) * 1_000_000)


def letter(offset: int, reason: str, device: str | None, detail: str = "why", created_ms: int = NOW) -> DeadLetter:
    return DeadLetter("embedded", offset, 0, reason, detail, message(offset), device, created_ms=created_ms)


def fields(points: list[Point], measurement: str) -> dict[tuple[str, str], dict[str, Field]]:
    """(Name, model) to fields."""
    found = [point for point in points if point.series.measurement == measurement]
    return {(point.series.name, point.series.model): dict(point.fields) for point in found}


def test_a_sink_has_a_row_a_minute_with_its_books(house: tuple[Books, Operation]) -> None:
    books, operation_ = house
    books.journal.append([message(n) for n in range(10)])
    counts = {"stored": 6, "duplicate": 1, "dead_letter": 1}
    books.ledger.settle(Settlement("embedded", 8, counts=counts, dead_letters=[letter(3, "decode/wrong_port", KNOWN)]))
    points = list(operation_.points(NOW))
    found = fields(points, "pipeline")["embedded", ""]
    assert found == {
        "received": 10, "stored": 6, "duplicates": 1, "dead_letters": 1, "expired": 0, "in_flight": 2, "missing": 0,
        "balanced": True, "backlog": 2, "oldest_s": 90.0, "open_letters": 1, "unknown_devices": 0, "missing_frames": 0,
    }  # fmt: skip
    assert {point.time_ms for point in points if point.series.measurement == "pipeline"} == {NOW - NOW % MINUTE}


def test_how_long_a_sink_has_settled_nothing_is_known_once_it_was_seen_to_move(house: tuple[Books, Operation]) -> None:
    books, operation_ = house
    books.journal.append([message(n) for n in range(3)])
    ages = []
    for minute, through in enumerate((1, 2, 2, 3)):
        books.ledger.settle(Settlement("embedded", through, counts={}))
        found = fields(list(operation_.points(NOW + minute * MINUTE)), "pipeline")["embedded", ""]
        ages.append(found.get("settled_age_s"))
    assert ages == [None, 0.0, 60.0, 0.0]


def test_a_source_has_its_messages_its_age_and_its_alarms(house: tuple[Books, Operation]) -> None:
    books, operation_ = house
    lost = SourceEvent("main", "session_lost", 1, NOW, NOW, NOW + MINUTE, "the broker\nforgot us")
    books.events.record([SourceEvent("main", "message", 7, NOW - 9_000, NOW - 4_000), lost])
    told = {"messages": 7, "last_message_age_s": 4.0, "alarms": 1, "text": "session_lost: the broker forgot us"}
    assert fields(list(operation_.points(NOW)), "pipeline_source")["main", ""] == told
    later = fields(list(operation_.points(NOW + 2 * MINUTE)), "pipeline_source")["main", ""]
    assert (later["alarms"], "text" in later) == (0, False)


def test_letters_are_counted_by_reason_and_model_and_told_as_none_when_they_are_closed(
    house: tuple[Books, Operation],
) -> None:
    books, operation_ = house
    letters = [
        letter(1, "decode/wrong_port", KNOWN),
        letter(2, "decode/wrong_port", KNOWN),
        letter(3, "observe/unknown_device", "aa"),
        letter(4, "observe/unknown_device", "aa"),
        letter(5, "unwrap/not_json", None),
    ]
    books.ledger.settle(Settlement("embedded", 5, dead_letters=letters))
    points = list(operation_.points(NOW))
    assert fields(points, "dead_letters") == {
        ("decode/wrong_port", "milesight_em400_mud"): {"open": 2},
        ("observe/unknown_device", ""): {"open": 2},
        ("unwrap/not_json", ""): {"open": 1},
    }
    assert fields(points, "pipeline")["embedded", ""]["unknown_devices"] == 1
    books.ledger.mark_replayed([one.id or 0 for one in books.ledger.dead_letters()], NOW)
    later = fields(list(operation_.points(NOW + MINUTE)), "dead_letters")
    assert [row["open"] for row in later.values()] == [0, 0, 0]


def test_a_letter_has_a_row_under_the_time_it_was_written_and_is_told_once(house: tuple[Books, Operation]) -> None:
    books, operation_ = house
    long = "not JSON: \x00\n" + "x" * 1000
    books.ledger.settle(Settlement("embedded", 1, dead_letters=[letter(1, "unwrap/not_json", KNOWN, long, NOW - 5)]))
    stored = books.ledger.dead_letters()[0]
    (told,) = [point for point in operation_.points(NOW) if point.series.measurement == "dead_letter"]
    assert (told.time_ms, told.fields["letter"]) == (stored.created_ms, stored.id)
    assert (told.series.tenant, told.series.device_id, told.series.name) == ("offenbach", KNOWN, "unwrap/not_json")
    assert len(str(told.fields["detail"])) == 300
    assert str(told.fields["detail"]).isprintable()
    assert [point for point in operation_.points(NOW + 1) if point.series.measurement == "dead_letter"] == []


def test_of_very_many_letters_the_newest_are_told_and_all_are_counted(
    house: tuple[Books, Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "_MOST", 20)
    monkeypatch.setattr(operation, "_PAGE", 10)
    monkeypatch.setattr(operation, "_NEWEST", 5)
    books, operation_ = house
    letters = [letter(n, "decode/wrong_port", KNOWN, created_ms=NOW - 1000 + n) for n in range(1, 301)]
    books.ledger.settle(Settlement("embedded", 300, dead_letters=letters))
    points = list(operation_.points(NOW))
    told = sorted(int(point.fields["letter"]) for point in points if point.series.measurement == "dead_letter")
    assert told == [296, 297, 298, 299, 300]
    counted = fields(points, "dead_letters")
    assert sum(int(row["open"]) for row in counted.values()) == 300
