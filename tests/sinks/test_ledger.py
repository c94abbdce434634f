from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sinks.gaps import SqliteGaps
from sinks.ledger import SqliteLedger
from sinks.model import DeadLetter, Envelope, Gap, GapNotes
from sinks.ports import SLOT, Settlement

DEVICE = f"radio:24e1{SLOT}"
ENVELOPE = Envelope("s", "things_stack", "v3/x", b"\x00body", 5, ("retained",))


def letter(offset: int, reason: str = "decode/wrong_port", device: str | None = None, part: int = 0) -> DeadLetter:
    return DeadLetter("store", offset, part, reason, "port 9 is not read", ENVELOPE, device, created_ms=77)


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    return SqliteLedger(tmp_path / "ledger.db")


def test_a_sink_that_never_settled_stands_at_the_beginning(ledger: SqliteLedger) -> None:
    assert ledger.cursor("store") == 0
    assert ledger.counts("store") == {}
    assert ledger.cursors() == {}


def test_settling_moves_the_cursor_and_adds_the_counts(ledger: SqliteLedger) -> None:
    ledger.settle(Settlement("store", through=3, counts={"stored": 2, "duplicate": 1}))
    ledger.settle(Settlement("store", through=5, counts={"stored": 2}))
    assert ledger.cursor("store") == 5
    assert ledger.counts("store") == {"duplicate": 1, "stored": 4}


def test_sinks_have_books_of_their_own(ledger: SqliteLedger) -> None:
    ledger.settle(Settlement("a", through=3, seen={"k": 10, DEVICE + "1": 10}, counts={"stored": 3}))
    assert ledger.cursor("b") == 0
    assert ledger.seen("b", {"k": 10, DEVICE + "1": 10}) == {}
    assert ledger.cursors() == {"a": 3}


def test_a_retired_sink_leaves_its_dead_letters_and_nothing_else(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    keys = {f"k{n}": n for n in range(5_000)} | {DEVICE + "1": 10}
    for sink in ("old", "used"):
        gaps = GapNotes([Gap("main", "d", "counter", 1, 2, 1)], {"missing": 1}, {("main", 1): 1}, 1, 1, b"x")
        letters = [replace(letter(3), sink=sink)]
        ledger.settle(Settlement(sink, 3, keys, letters, {"stored": 2, "dead_letter": 1}, gaps=gaps))
    ledger.retire("old")
    for books in (ledger, SqliteLedger(tmp_path / "ledger.db")):
        assert books.cursors() == {"used": 3}
        assert (books.counts("old"), books.seen("old", keys)) == ({}, {})
        assert books.seen("used", keys) == keys
        assert [found.sink for found in books.dead_letters()] == ["old", "used"]
    records = SqliteGaps(tmp_path / "ledger.db")
    assert (records.find("old"), records.states("old"), records.sums("old")["missing"]) == ([], [], 0)
    assert (records.open("used"), records.states("used"), records.sums("used")["missing"]) == (1, [(1, b"x")], 1)


def test_a_key_is_found_again_under_its_own_time(ledger: SqliteLedger) -> None:
    ledger.settle(Settlement("store", through=1, seen={f"k{n}": n for n in range(1200)}))
    assert ledger.seen("store", {f"k{n}": n for n in range(0, 2400, 2)}) == {f"k{n}": n for n in range(0, 1200, 2)}
    assert ledger.seen("store", {"k7": 8}) == {}


def test_the_newest_key_of_a_slot_is_found_under_any_time_also_after_a_restart(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    ledger.settle(Settlement("store", through=1, seen={DEVICE + "1": 100}))
    ledger.settle(Settlement("store", through=2, seen={DEVICE + "2": 200}))
    for books in (ledger, SqliteLedger(tmp_path / "ledger.db")):
        assert books.seen("store", {DEVICE + "2": 250}) == {DEVICE + "2": 200}
        assert books.seen("store", {DEVICE + "1": 250}) == {}


def test_the_newest_keys_of_many_batches_are_read_back_and_forgotten(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    keys = [f"radio:device {n % 40}{SLOT}{n}" for n in range(300)]
    for n, key in enumerate(keys):
        ledger.settle(Settlement("store", n + 1, {key: n}, forget_before_ms=n - 100))
    again = SqliteLedger(tmp_path / "ledger.db")
    assert again.seen("store", dict.fromkeys(keys, 0)) == {key: n for n, key in enumerate(keys) if n >= 260}
    for _ in range(60):
        again.settle(Settlement("store", 301, forget_before_ms=400))
    assert SqliteLedger(tmp_path / "ledger.db").seen("store", dict.fromkeys(keys, 0)) == {}


def test_a_batch_that_could_not_be_settled_is_not_remembered(ledger: SqliteLedger) -> None:
    broken = Settlement("store", through=4, seen={DEVICE + "1": 10, "k": 10}, dead_letters=[letter(4, reason=None)])  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        ledger.settle(broken)
    assert ledger.seen("store", {DEVICE + "1": 10, "k": 10}) == {}


def test_expired_keys_are_forgotten_with_a_later_batch(ledger: SqliteLedger) -> None:
    ledger.settle(Settlement("store", through=1, seen={"old": 10, "young": 30}))
    ledger.settle(Settlement("store", through=2, forget_before_ms=20))
    assert ledger.seen("store", {"old": 10, "young": 30}) == {"young": 30}


def test_a_dead_letter_keeps_its_envelope_and_reason(ledger: SqliteLedger) -> None:
    ledger.settle(Settlement("store", through=9, dead_letters=[letter(9, device="24e1")]))

    (found,) = ledger.dead_letters()

    assert found.envelope == ENVELOPE
    assert (found.reason, found.detail, found.device) == ("decode/wrong_port", "port 9 is not read", "24e1")
    assert found.id is not None
    assert ledger.dead_letter(found.id) == found
    assert ledger.dead_letter(999) is None


def test_settling_the_same_batch_again_does_not_double_its_dead_letters(ledger: SqliteLedger) -> None:
    batch = Settlement("store", through=9, dead_letters=[letter(9), letter(9, part=1)])
    ledger.settle(batch)
    ledger.settle(batch)
    assert ledger.dead_letter_counts() == {"decode/wrong_port": 2}


def test_dead_letters_are_found_by_reason_device_and_page(ledger: SqliteLedger) -> None:
    letters = [letter(1), letter(2, "observe/unknown_device", "aa"), letter(3, "observe/unknown_device", "bb")]
    ledger.settle(Settlement("store", through=3, dead_letters=letters))
    assert [x.offset for x in ledger.dead_letters(reason="observe/")] == [2, 3]
    assert [x.offset for x in ledger.dead_letters(device="bb")] == [3]
    first = ledger.dead_letters(limit=1)
    assert [x.offset for x in ledger.dead_letters(after=first[0].id or 0)] == [2, 3]


def test_a_replayed_letter_is_closed_but_still_shown_by_its_number(ledger: SqliteLedger) -> None:
    ledger.settle(Settlement("store", through=1, dead_letters=[letter(1)]))
    (found,) = ledger.dead_letters()
    assert found.id is not None
    ledger.mark_replayed([found.id], now_ms=123)
    assert ledger.dead_letters() == []
    assert ledger.dead_letter_counts() == {}
    closed = ledger.dead_letter(found.id)
    assert closed is not None
    assert closed.replayed_ms == 123


def test_a_batch_is_taken_whole_or_not_at_all(ledger: SqliteLedger) -> None:
    broken = Settlement("store", through=4, counts={"stored": 1}, dead_letters=[letter(4, reason=None)])  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        ledger.settle(broken)
    assert ledger.cursor("store") == 0
    assert ledger.counts("store") == {}


def test_the_books_survive_a_restart(tmp_path: Path) -> None:
    first = SqliteLedger(tmp_path / "ledger.db")
    first.settle(Settlement("store", through=8, counts={"stored": 8}))
    first.close()
    first.close()
    assert SqliteLedger(tmp_path / "ledger.db").cursor("store") == 8
