from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from ingest.sources.watch import FLAPS, OPEN, SHORT_S, Flapping, Watch
from sinks.events import SqliteEvents
from sinks.ports import SourceEvent


@pytest.fixture
def events(tmp_path: Path) -> SqliteEvents:
    return SqliteEvents(tmp_path / "events.db")


def one(events: SqliteEvents) -> SourceEvent:
    (found,) = events.all()
    return found


def test_nothing_is_written_for_a_message_until_the_tick(events: SqliteEvents) -> None:
    watch = Watch("city", events, 0)
    for second in (1, 2, 3):
        watch.arrived(1, second * 10**9)
    assert events.all() == []
    watch.tick()
    watch.tick()
    assert one(events) == SourceEvent("city", "message", 3, 3_000, 3_000)


def test_the_same_event_is_one_record_with_its_first_and_its_last_time(events: SqliteEvents) -> None:
    before = time.time() * 1000
    for detail in ("first", "second"):
        watch = Watch("city", events, 0)
        watch.note("disconnected", detail)
        watch.note("disconnected", detail)
        watch.tick()
    found = one(events)
    assert (found.count, found.detail) == (4, "second")
    assert before - 1 <= found.first_ms <= found.last_ms


def test_an_alarm_stands_until_it_ends(events: SqliteEvents) -> None:
    watch = Watch("city", events, 0)
    watch.note("refused", "no", OPEN)
    watch.tick()
    assert one(events).alarm_until_ms > time.time() * 1000 + 365 * 86_400_000
    Watch("city", events, 0).tick()
    assert one(events).alarm_until_ms > 0
    watch.ended("refused")
    watch.tick()
    assert (one(events).alarm_until_ms, one(events).count) == (0, 1)


def test_an_alarm_that_ended_within_the_second_does_not_stand(events: SqliteEvents) -> None:
    watch = Watch("city", events, 0)
    watch.note("disconnected", "lost", OPEN)
    watch.ended("disconnected")
    watch.tick()
    assert (one(events).alarm_until_ms, one(events).detail) == (0, "lost")


def test_the_end_of_what_never_was_leaves_no_record(events: SqliteEvents) -> None:
    watch = Watch("city", events, 0)
    watch.ended("refused", "disconnected")
    watch.tick()
    assert events.all() == []


def test_what_could_not_be_written_is_written_later(tmp_path: Path, events: SqliteEvents) -> None:
    watch = Watch("city", events, 0)
    with closing(sqlite3.connect(tmp_path / "events.db")) as db, db:
        db.execute("ALTER TABLE events RENAME TO away")
    watch.note("connected")
    watch.tick()
    watch.note("connected")
    with closing(sqlite3.connect(tmp_path / "events.db")) as db, db:
        db.execute("ALTER TABLE away RENAME TO events")
    watch.tick()
    assert one(events).count == 2


def test_connections_that_end_at_once_again_and_again_are_flapping() -> None:
    flapping, said = Flapping(), []
    for n in range(FLAPS + 1):
        flapping.connected(n * 3.0)
        said.append(flapping.lost(n * 3.0 + 1))
    assert said == [False] * (FLAPS - 1) + [True, True]


def test_a_connection_that_lasted_ends_the_suspicion() -> None:
    flapping, now_s = Flapping(), 0.0
    for n in range(10):
        flapping.connected(now_s)
        now_s += SHORT_S + 1 if n % 2 else 1
        assert not flapping.lost(now_s)
