from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest import deliver
from ingest.deliver import Delivery
from ingest.gaps import GapFinders
from ingest.networks.model import Uplink
from ingest.places import Places
from ingest.unwrap import unwrap
from sinks.embedded.read import EmbeddedReader
from sinks.embedded.write import EmbeddedStore
from sinks.errors import Refused, Unavailable
from sinks.feed import LocalFeed, Turn
from sinks.gaps import SqliteGaps
from sinks.journal import SqliteJournal
from sinks.ledger import SqliteLedger
from sinks.model import Envelope, Point
from sinks.ports import Rejected, Selection, Settlement, Written
from tests.ingest.house import BIN_EUI, NOW_MS, chirpstack, envelope, town


class Store:
    """The embedded store behind a door that can be shut."""

    name = "store"
    apart_s = 0.0

    def __init__(self, path: Path) -> None:
        self.inner = EmbeddedStore(path)
        self.answers: list[Exception] = []
        self.refused: dict[str, str | None] = {}
        self.writes = 0

    def write(self, points: Sequence[Point]) -> Written:
        self.writes += 1
        if self.answers:
            raise self.answers.pop(0)
        bad = [p for p in points if p.series.measurement in self.refused]
        self.inner.write([p for p in points if p not in bad or self.refused[p.series.measurement]])
        rejected = tuple(Rejected(p, "field_type", "text", self.refused[p.series.measurement]) for p in bad)
        return Written(len(points) - len(bad), rejected)

    def check(self) -> list[str]:
        return []

    def close(self) -> None:
        self.inner.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.db")


@pytest.fixture
def feed(tmp_path: Path) -> LocalFeed:
    return LocalFeed(SqliteJournal(tmp_path / "journal.db"), SqliteLedger(tmp_path / "ledger.db"), "store")


@pytest.fixture
def delivery(store: Store, feed: LocalFeed) -> Delivery:
    return Delivery(store, feed, Places(town()), unwrap)


def stored_distances(tmp_path: Path) -> list[object]:
    reader = EmbeddedReader(tmp_path / "store.db")
    rows = reader.rows(Selection("bin_level", 0, NOW_MS * 2))
    reader.close()
    return [row.fields.get("distance_mm") for row in rows]


def deliver_all(delivery: Delivery) -> None:
    while delivery.deliver_batch(Event()):
        pass


def test_every_message_ends_in_exactly_one_count(delivery: Delivery, feed: LocalFeed, tmp_path: Path) -> None:
    good, unknown = chirpstack(), chirpstack(eui="ffffffffffffffff", frame_id="u")
    feed.journal.append([envelope(body) for body in (good, good, unknown, b"no json")])

    deliver_all(delivery)

    assert feed.ledger.counts("store") == {"dead_letter": 2, "duplicate": 1, "stored": 1}
    assert feed.ledger.cursor("store") == 4
    assert stored_distances(tmp_path) == [2116.0]
    assert set(feed.ledger.dead_letter_counts()) == {"observe/unknown_device", "unwrap/not_json"}


def test_a_duplicate_is_known_across_batches_and_restarts(delivery: Delivery, feed: LocalFeed, tmp_path: Path) -> None:
    feed.journal.append([envelope(chirpstack())])
    deliver_all(delivery)
    feed.ledger.close()
    feed = replace(feed, ledger=SqliteLedger(tmp_path / "ledger.db"))
    again = replace(delivery, feed=feed)
    feed.journal.append([envelope(chirpstack())])
    deliver_all(again)
    assert feed.ledger.counts("store") == {"duplicate": 1, "stored": 1}


def test_while_the_store_is_away_nothing_is_settled_and_then_all_is(
    delivery: Delivery, feed: LocalFeed, store: Store
) -> None:
    store.answers = [Unavailable("away", 0.01), Unavailable("away", 0.01), Refused("wrong token")]
    feed.journal.append([envelope(chirpstack())])
    stop = Event()
    worker = Thread(target=delivery.run, args=(stop,))
    worker.start()
    try:
        while store.answers:
            pass
        assert feed.ledger.cursor("store") == 0
    finally:
        stop.set()
        worker.join(timeout=10)
    deliver_all(delivery)
    assert feed.ledger.counts("store") == {"stored": 1}


def test_one_refused_field_is_a_dead_letter_and_the_message_is_stored(
    delivery: Delivery, feed: LocalFeed, store: Store
) -> None:
    store.refused = {"bin_level": "temperature_c"}
    feed.journal.append([envelope(chirpstack())])
    deliver_all(delivery)
    assert feed.ledger.counts("store") == {"stored": 1}
    assert feed.ledger.dead_letter_counts() == {"write/field_type": 1}


def test_a_message_of_which_nothing_is_taken_is_a_dead_letter_and_can_be_replayed(
    delivery: Delivery, feed: LocalFeed, store: Store
) -> None:
    store.refused = {"bin_level": None}
    feed.journal.append([envelope(chirpstack())])
    deliver_all(delivery)
    assert feed.ledger.counts("store") == {"dead_letter": 1}

    store.refused = {}
    feed.journal.append([envelope(chirpstack(), flags=["replay"])])
    deliver_all(delivery)
    assert feed.ledger.counts("store") == {"dead_letter": 1, "stored": 1}


def test_a_batch_whose_settling_was_lost_is_done_again_without_a_trace(
    delivery: Delivery, feed: LocalFeed, tmp_path: Path
) -> None:
    feed.journal.append([envelope(chirpstack()), envelope(b"no json")])
    deliver_all(delivery)
    (tmp_path / "ledger.db").unlink()  # as if the machine had died between the store and the books
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    feed = replace(feed, ledger=SqliteLedger(tmp_path / "ledger.db"))
    again = replace(delivery, feed=feed)
    deliver_all(again)
    assert stored_distances(tmp_path) == [2116.0]
    assert feed.ledger.counts("store") == {"dead_letter": 1, "stored": 1}


def test_frames_that_never_came_are_a_gap_in_the_books_until_they_come(
    delivery: Delivery, feed: LocalFeed, tmp_path: Path
) -> None:
    books = SqliteGaps(tmp_path / "ledger.db")
    feed.journal.append(
        [envelope(chirpstack(f_cnt=n, frame_id=str(n), time=f"2026-05-28T20:0{n}:00Z")) for n in (7, 9)]
    )
    deliver_all(delivery)
    (gap,) = books.find("store")
    assert (gap.source, gap.device, gap.first, gap.missing, gap.state) == ("test", BIN_EUI, 8, 1, "open")

    again = replace(delivery, gaps=GapFinders(lambda _: books.states("store")))
    late = chirpstack(f_cnt=8, frame_id="8", time="2026-05-28T20:08:00Z")
    feed.journal.append([envelope(late, flags=["backfill"])])
    deliver_all(again)
    (gap,) = books.find("store")
    assert (gap.found, gap.state, books.open("store"), books.sums("store")) == (
        1,
        "filled",
        0,
        {"missing": 1, "found": 1},
    )


def test_a_gap_in_a_batch_that_could_not_be_settled_at_first_is_recorded(
    delivery: Delivery, feed: LocalFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.journal.append([envelope(chirpstack(f_cnt=n, frame_id=str(n))) for n in (7, 9)])
    with monkeypatch.context() as broken:
        broken.setattr(SqliteLedger, "settle", lambda *_: _raise(Unavailable("disk full")))
        with pytest.raises(Unavailable):
            delivery.deliver_batch(Event())
    deliver_all(delivery)
    assert [gap.missing for gap in SqliteGaps(tmp_path / "ledger.db").find("store")] == [1]


def test_told_to_stop_while_the_store_is_away_nothing_of_the_batch_is_settled(
    delivery: Delivery, feed: LocalFeed, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.journal.append([envelope(chirpstack(f_cnt=n, frame_id=str(n))) for n in range(3)])
    stop = Event()

    def goes_away(_points: Sequence[Point]) -> Written:
        stop.set()
        raise Unavailable("away")

    with monkeypatch.context() as away:
        away.setattr(store, "write", goes_away)
        assert delivery.deliver_batch(stop) == 0
    assert feed.ledger.cursor("store") == 0
    deliver_all(delivery)
    assert feed.ledger.counts("store") == {"stored": 3}


def run_until(delivery: Delivery, done: Callable[[], bool]) -> None:
    stop = Event()
    worker = Thread(target=delivery.run, args=(stop,))
    worker.start()
    deadline = time.monotonic() + 30
    while not done() and time.monotonic() < deadline:
        time.sleep(0.005)
    stop.set()
    worker.join(timeout=30)
    assert done()


def test_while_the_store_takes_a_full_batch_the_next_is_processed_and_knows_its_frames(
    delivery: Delivery, feed: LocalFeed, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BATCH", 2)
    frames = [chirpstack(f_cnt=n, frame_id=str(n), time=f"2026-05-28T20:26:4{n}+00:00") for n in range(4)]
    third_was_read, write = Event(), store.write

    def read(message: Envelope) -> Sequence[Uplink]:
        if message.body == frames[2]:
            third_was_read.set()
        return unwrap(message)

    def written(points: Sequence[Point]) -> Written:
        assert third_was_read.wait(20)
        return write(points)

    monkeypatch.setattr(store, "write", written)
    feed.journal.append([envelope(body) for body in (*frames[:2], frames[1], frames[2], frames[3], frames[0])])
    run_until(replace(delivery, unwrap=read), lambda: feed.ledger.cursor("store") == 6)

    assert feed.ledger.counts("store") == {"duplicate": 2, "stored": 4}
    assert len(stored_distances(tmp_path)) == 4


def test_full_batches_are_settled_in_order_while_the_store_comes_and_goes(
    delivery: Delivery, feed: LocalFeed, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BATCH", 2)
    store.answers = [Unavailable("away", retry_after=0.001), Unavailable("away", retry_after=0.001)]
    bodies = [chirpstack(f_cnt=n, frame_id=str(n), time=f"2026-05-28T20:26:{n:02}+00:00") for n in range(9)]
    feed.journal.append([envelope(body) for body in (*bodies, b"no json")])
    cursors: list[int] = []

    def all_settled() -> bool:
        cursors.append(feed.ledger.cursor("store"))
        return cursors[-1] == 10

    run_until(delivery, all_settled)

    assert cursors == sorted(cursors)
    assert feed.ledger.counts("store") == {"dead_letter": 1, "stored": 9}
    assert len(stored_distances(tmp_path)) == 9


def test_what_was_begun_when_the_books_did_not_answer_is_done_again(
    delivery: Delivery, feed: LocalFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BATCH", 2)
    monkeypatch.setattr(deliver, "RETRY_S", (0.01,))
    bodies = [chirpstack(f_cnt=n, frame_id=str(n), time=f"2026-05-28T20:26:{n:02}+00:00") for n in range(8)]
    feed.journal.append([envelope(body) for body in bodies])
    settle, refusals = SqliteLedger.settle, [Unavailable("the disk is full"), Unavailable("the disk is full")]

    def settled(ledger: SqliteLedger, settlement: Settlement) -> None:
        if settlement.through > 2 and refusals:
            raise refusals.pop()
        settle(ledger, settlement)

    monkeypatch.setattr(SqliteLedger, "settle", settled)
    run_until(delivery, lambda: feed.ledger.cursor("store") == 8)

    assert refusals == []
    assert feed.ledger.counts("store") == {"stored": 8}
    assert len(stored_distances(tmp_path)) == 8


def test_two_intakes_on_one_folder_count_every_message_once(store: Store, tmp_path: Path) -> None:
    """The second stands by, and goes on where the first has ended, with what it had seen."""

    def worker() -> Delivery:
        journal, ledger = SqliteJournal(tmp_path / "journal.db"), SqliteLedger(tmp_path / "ledger.db")
        feed = LocalFeed(journal, ledger, "store", turn=Turn(tmp_path / "store.turn"))
        return Delivery(store, feed, Places(town()), unwrap)

    first, second = worker(), worker()
    with closing(SqliteJournal(tmp_path / "journal.db")) as journal:
        journal.append([envelope(chirpstack())])
        assert first.deliver_batch(Event()) == 1
        journal.append([envelope(chirpstack(f_cnt=8, frame_id="8"))])
        assert second.deliver_batch(Event()) == 0
        first.feed.close()
        journal.append([envelope(chirpstack())])
        assert second.deliver_batch(Event()) == 2
        second.feed.close()
    with closing(SqliteLedger(tmp_path / "ledger.db")) as ledger:
        assert ledger.counts("store") == {"duplicate": 1, "stored": 2}


def _raise(error: Exception) -> None:
    raise error
