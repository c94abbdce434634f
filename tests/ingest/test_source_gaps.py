from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.gaps import GIVE_UP_MS
from ingest.source_gaps import SourceWatch
from ingest.sources.watch import Watch
from sinks.events import SqliteEvents
from sinks.gaps import SqliteGaps
from sinks.ledger import SqliteLedger
from sinks.model import GapNotes
from sinks.ports import Settlement, SourceEvent

NOW = 1_780_000_000_000
MINUTE = 60_000


@pytest.fixture
def events(tmp_path: Path) -> Iterator[SqliteEvents]:
    with closing(SqliteEvents(tmp_path / "events.db")) as made:
        yield made


@pytest.fixture
def gaps(tmp_path: Path) -> Iterator[SqliteGaps]:
    with closing(SqliteLedger(tmp_path / "ledger.db")), closing(SqliteGaps(tmp_path / "ledger.db")) as made:
        yield made


def event(code: str, at_ms: int, alarm_until_ms: int = 0) -> SourceEvent:
    return SourceEvent("main", code, 1, at_ms, at_ms, alarm_until_ms)


def test_a_forgotten_session_is_a_gap_from_the_last_sign_to_the_new_session(
    events: SqliteEvents, gaps: SqliteGaps
) -> None:
    watch = SourceWatch(events, gaps)
    events.record([event("message", NOW - 9 * MINUTE), event("disconnected", NOW - 8 * MINUTE)])
    watch.look(NOW - 7 * MINUTE)
    assert gaps.find("store") == []
    events.record([event("session_lost", NOW), event("message", NOW + 1)])
    for n in range(3):
        watch.look(NOW + n)
    (gap,) = gaps.find("store")
    assert (gap.source, gap.device, gap.why, gap.state) == ("main", "", "session_lost", "open")
    assert (gap.from_ms, gap.to_ms) == (NOW - 8 * MINUTE, NOW)


def test_a_session_that_was_lost_while_nobody_listened_begins_at_the_last_message(
    events: SqliteEvents, gaps: SqliteGaps
) -> None:
    events.record([event("message", NOW - 60 * MINUTE)])
    watch = SourceWatch(events, gaps)
    watch.look(NOW - 1)
    events.record([event("session_lost", NOW), event("message", NOW + 5)])
    watch.look(NOW + 10)
    assert [gap.from_ms for gap in gaps.find("store")] == [NOW - 60 * MINUTE]


def test_silence_is_a_gap_that_grows_while_it_lasts(events: SqliteEvents, gaps: SqliteGaps) -> None:
    watch = SourceWatch(events, gaps)
    events.record([event("message", NOW), event("silent", NOW + MINUTE, alarm_until_ms=1 << 60)])
    watch.look(NOW + 2 * MINUTE)
    watch.look(NOW + 3 * MINUTE)
    (gap,) = gaps.find("store")
    assert (gap.why, gap.from_ms, gap.to_ms) == ("silent", NOW, NOW + 3 * MINUTE)
    Watch("main", events, 1).tick()  # messages come again
    watch.look(NOW + 9 * MINUTE)
    assert [gap.to_ms for gap in gaps.find("store")] == [NOW + 3 * MINUTE]


@pytest.mark.parametrize("first", ["back-fill", "record"])
def test_a_back_fill_fills_a_gap_whichever_comes_first(
    events: SqliteEvents, gaps: SqliteGaps, tmp_path: Path, first: str
) -> None:
    def back_fill() -> None:
        frames = {("main", (NOW - 5 * MINUTE) // MINUTE): 3, ("other", NOW // MINUTE): 9, ("main", 1): 1}
        with closing(SqliteLedger(tmp_path / "ledger.db")) as ledger:
            ledger.settle(Settlement("store", 1, gaps=GapNotes(backfilled=frames)))

    def record() -> None:
        events.record([event("message", NOW - 9 * MINUTE), event("session_lost", NOW)])
        SourceWatch(events, gaps).look(NOW)

    for step in (back_fill, record) if first == "back-fill" else (record, back_fill):
        step()
    (gap,) = gaps.find("store")
    assert (gap.found, gap.state, gaps.open("store")) == (3, "filled", 0)


def test_what_nobody_fills_for_a_week_is_given_up(events: SqliteEvents, gaps: SqliteGaps) -> None:
    events.record([event("message", NOW - MINUTE), event("session_lost", NOW)])
    watch = SourceWatch(events, gaps)
    watch.look(NOW)
    watch.look(NOW + GIVE_UP_MS + 1)
    assert [gap.state for gap in gaps.find("store")] == ["given_up"]
    watch.look(NOW + 3 * GIVE_UP_MS)
    assert len(gaps.find("store")) == 1
