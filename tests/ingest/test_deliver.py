from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest.deliver import Delivery
from ingest.places import Places
from ingest.unwrap import unwrap
from sinks.embedded.read import EmbeddedReader
from sinks.embedded.write import EmbeddedStore
from sinks.errors import Refused, Unavailable
from sinks.journal import SqliteJournal
from sinks.ledger import SqliteLedger
from sinks.model import Point
from sinks.ports import Rejected, Selection, Written
from tests.ingest.house import NOW_MS, chirpstack, envelope, town


class Store:
    """The embedded store behind a door that can be shut."""

    name = "store"

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
def delivery(tmp_path: Path, store: Store) -> Delivery:
    journal, ledger = SqliteJournal(tmp_path / "journal.db"), SqliteLedger(tmp_path / "ledger.db")
    return Delivery(store, journal, ledger, Places(town()), unwrap)


def stored_distances(tmp_path: Path) -> list[object]:
    reader = EmbeddedReader(tmp_path / "store.db")
    rows = reader.rows(Selection("bin_level", 0, NOW_MS * 2))
    reader.close()
    return [row.fields.get("distance_mm") for row in rows]


def deliver_all(delivery: Delivery) -> None:
    while delivery.deliver_batch(Event()):
        pass


def test_every_message_ends_in_exactly_one_count(delivery: Delivery, tmp_path: Path) -> None:
    good, unknown = chirpstack(), chirpstack(eui="ffffffffffffffff", frame_id="u")
    delivery.journal.append([envelope(body) for body in (good, good, unknown, b"no json")])

    deliver_all(delivery)

    assert delivery.ledger.counts("store") == {"dead_letter": 2, "duplicate": 1, "stored": 1}
    assert delivery.ledger.cursor("store") == 4
    assert stored_distances(tmp_path) == [2116.0]
    assert set(delivery.ledger.dead_letter_counts()) == {"observe/unknown_device", "unwrap/not_json"}


def test_a_duplicate_is_known_across_batches_and_restarts(delivery: Delivery, tmp_path: Path) -> None:
    delivery.journal.append([envelope(chirpstack())])
    deliver_all(delivery)
    delivery.ledger.close()
    again = Delivery(delivery.store, delivery.journal, SqliteLedger(tmp_path / "ledger.db"), delivery.places, unwrap)
    again.journal.append([envelope(chirpstack())])
    deliver_all(again)
    assert again.ledger.counts("store") == {"duplicate": 1, "stored": 1}


def test_while_the_store_is_away_nothing_is_settled_and_then_all_is(delivery: Delivery, store: Store) -> None:
    store.answers = [Unavailable("away", 0.01), Unavailable("away", 0.01), Refused("wrong token")]
    delivery.journal.append([envelope(chirpstack())])
    stop = Event()
    worker = Thread(target=delivery.run, args=(stop, Event()))
    worker.start()
    try:
        while store.answers:
            pass
        assert delivery.ledger.cursor("store") == 0
    finally:
        stop.set()
        worker.join(timeout=10)
    deliver_all(delivery)
    assert delivery.ledger.counts("store") == {"stored": 1}


def test_one_refused_field_is_a_dead_letter_and_the_message_is_stored(delivery: Delivery, store: Store) -> None:
    store.refused = {"bin_level": "temperature_c"}
    delivery.journal.append([envelope(chirpstack())])
    deliver_all(delivery)
    assert delivery.ledger.counts("store") == {"stored": 1}
    assert delivery.ledger.dead_letter_counts() == {"write/field_type": 1}


def test_a_message_of_which_nothing_is_taken_is_a_dead_letter_and_can_be_replayed(
    delivery: Delivery, store: Store
) -> None:
    store.refused = dict.fromkeys(("bin_level", "device_status", "link_quality"), None)
    delivery.journal.append([envelope(chirpstack())])
    deliver_all(delivery)
    assert delivery.ledger.counts("store") == {"dead_letter": 1}

    store.refused = {}
    delivery.journal.append([envelope(chirpstack(), flags=["replay"])])
    deliver_all(delivery)
    assert delivery.ledger.counts("store") == {"dead_letter": 1, "stored": 1}


def test_a_batch_whose_settling_was_lost_is_done_again_without_a_trace(delivery: Delivery, tmp_path: Path) -> None:
    delivery.journal.append([envelope(chirpstack()), envelope(b"no json")])
    deliver_all(delivery)
    (tmp_path / "ledger.db").unlink()  # as if the machine had died between the store and the books
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    again = Delivery(delivery.store, delivery.journal, SqliteLedger(tmp_path / "ledger.db"), delivery.places, unwrap)
    deliver_all(again)
    assert stored_distances(tmp_path) == [2116.0]
    assert again.ledger.counts("store") == {"dead_letter": 1, "stored": 1}
