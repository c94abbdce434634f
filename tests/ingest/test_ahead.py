"""Live values beside a backlog: shown at once, settled in their turn, stored once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from ingest import ahead
from ingest.ahead import Ahead
from ingest.deliver import Delivery
from ingest.places import Places
from ingest.unwrap import unwrap
from sinks.embedded.read import EmbeddedReader
from sinks.embedded.write import EmbeddedStore
from sinks.errors import Unavailable
from sinks.feed import LocalFeed
from sinks.journal import SqliteJournal
from sinks.ledger import SqliteLedger
from sinks.model import Envelope, Point
from sinks.ports import Selection, Written
from tests.ingest.house import NOW_MS, chirpstack, envelope, town

BEGAN = datetime(2026, 5, 28, 20, 26, tzinfo=UTC)
BACKLOG = 40


def sent(number: int, repeat: int = 0) -> Envelope:
    """The frame of this number; `repeat`: sent again so many seconds later, as a device does that heard no answer."""
    at = (BEGAN + timedelta(seconds=60 * number + repeat)).isoformat()
    return envelope(chirpstack(f_cnt=number, frame_id=f"{number}-{repeat}", time=at))


class Door(EmbeddedStore):
    """The embedded store behind a door that can be shut."""

    shut = False

    def write(self, points: Sequence[Point]) -> Written:
        if self.shut:
            raise Unavailable("shut")
        return super().write(points)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Door]:
    with closing(Door(tmp_path / "store.db")) as opened:
        yield opened


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[LocalFeed]:
    with closing(
        LocalFeed(SqliteJournal(tmp_path / "journal.db"), SqliteLedger(tmp_path / "ledger.db"), "embedded")
    ) as feed:
        feed.journal.append([sent(number) for number in range(BACKLOG)])
        yield feed


@pytest.fixture
def lane(store: Door, feed: LocalFeed, monkeypatch: pytest.MonkeyPatch) -> Ahead:
    monkeypatch.setattr(ahead, "BEHIND", 10)
    monkeypatch.setattr(ahead, "PORTION", 5)
    places = Places(town())
    places.refresh()
    return Ahead(feed.journal, feed, store, places, unwrap)


def numbers(tmp_path: Path) -> list[object]:
    with closing(EmbeddedReader(tmp_path / "store.db")) as reader:
        return [row.fields["f_cnt"] for row in reader.rows(Selection("bin_level", 0, NOW_MS * 2))]


def test_what_arrives_while_a_sink_catches_up_is_shown_before_its_turn(lane: Ahead, tmp_path: Path) -> None:
    lane.show(settled=0)
    assert numbers(tmp_path) == [35, 36, 37, 38, 39]
    lane.journal.append([sent(40), sent(41)])
    assert lane.show(settled=3) == 2
    assert numbers(tmp_path)[-2:] == [40, 41]
    assert lane.show(settled=6) == 0


def test_of_more_than_a_portion_the_newest_are_shown_and_the_others_wait(lane: Ahead, tmp_path: Path) -> None:
    lane.show(settled=0)
    lane.journal.append([sent(number) for number in range(40, 60)])
    assert lane.show(settled=0) == 5
    assert numbers(tmp_path) == [*range(35, 40), *range(55, 60)]


def test_a_sink_that_is_not_far_behind_has_no_such_lane(lane: Ahead, tmp_path: Path) -> None:
    assert lane.show(settled=BACKLOG - 9) == 0
    assert numbers(tmp_path) == []


def test_a_flood_that_came_just_now_needs_no_such_lane(lane: Ahead, tmp_path: Path) -> None:
    arrived_ns = lane.journal.read(0, 1)[0].envelope.arrived_ns
    lane.clock_ns = lambda: arrived_ns + ahead.HELD_NS - 1
    assert lane.show(settled=0) == 0
    lane.clock_ns = lambda: arrived_ns + ahead.HELD_NS
    assert lane.show(settled=0) == 5
    assert numbers(tmp_path) == [35, 36, 37, 38, 39]


def test_a_frame_sent_again_is_known_beside_the_backlog_too(lane: Ahead, tmp_path: Path) -> None:
    lane.journal.append([sent(34, repeat=5)])
    lane.show(settled=0)
    lane.journal.append([sent(39, repeat=5)])
    lane.show(settled=0)
    assert numbers(tmp_path) == [36, 37, 38, 39]


def test_what_was_shown_is_settled_in_its_turn_and_stored_once(lane: Ahead, feed: LocalFeed, tmp_path: Path) -> None:
    delivery = Delivery(lane.store, feed, lane.places, unwrap, ahead=lane)
    lane.show(settled=0)
    while delivery.deliver_batch(Event()):
        pass
    assert feed.ledger.counts("embedded") == {"stored": BACKLOG}
    assert numbers(tmp_path) == list(range(BACKLOG))


def test_a_store_that_is_away_is_left_to_the_delivery(lane: Ahead, store: Door, tmp_path: Path) -> None:
    store.shut = True
    assert lane.show(settled=0) == 0
    store.shut = False
    assert lane.show(settled=0) == 0
    assert numbers(tmp_path) == []


def test_the_lane_remembers_no_more_than_it_may(lane: Ahead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_REMEMBERED", 4)
    lane.show(settled=0)
    assert len(lane._memory) == 4
