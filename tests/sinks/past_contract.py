"""What the past of a journal promises, whichever journal it is. A test class of each journal inherits this one.

The subclass gives the fixture `storage`: a data folder with an empty journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from threading import Event

import pytest

from sinks.model import Entry
from sinks.ports import Appender, Past, Stretch
from sinks.storage import Storage
from tests.sinks.feed_contract import SINK, message, number_of, recall, settle_all


@pytest.fixture
def appender(storage: Storage) -> Iterator[Appender]:
    with closing(storage.open_appender()) as appender:
        yield appender


@pytest.fixture
def past(storage: Storage, appender: Appender) -> Iterator[Past]:
    appender.append([])
    with closing(storage.open_past()) as past:
        yield past


def read(past: Past, stretch: Stretch, limit: int = 500) -> list[Entry]:
    """All of a stretch, page by page."""
    found: list[Entry] = []
    while page := past.read(stretch, limit):
        assert len(page) <= limit
        found += page
        stretch = stretch.behind(page[-1].offset)
    return found


def everything(past: Past, since_ns: int = 0, sink: str = "", limit: int = 500) -> list[Entry]:
    return [entry for stretch in past.stretches(since_ns, sink) for entry in read(past, stretch, limit)]


class PastContract:
    """Inherit it in a class whose module has a fixture `storage` and imports the fixtures `appender` and `past`."""

    def test_where_nothing_is_nothing_is_read(self, past: Past) -> None:
        assert everything(past) == []
        assert sum(stretch.number for stretch in past.stretches(0)) == 0

    @pytest.mark.parametrize("limit", [1, 7, 500])
    def test_everything_is_read_as_it_came_and_once(self, appender: Appender, past: Past, limit: int) -> None:
        sent = [message(number) for number in range(60)]
        appender.append(sent)
        found = everything(past, limit=limit)
        assert sorted(found, key=number_of) == sorted(found, key=lambda entry: entry.envelope.arrived_ns)
        assert [entry.envelope for entry in sorted(found, key=number_of)] == sent
        assert sum(stretch.number for stretch in past.stretches(0)) == 60

    def test_a_lane_keeps_its_order(self, appender: Appender, past: Past) -> None:
        for number in range(60):
            appender.append([message(number)])
        for stretch in past.stretches(0):
            offsets = [entry.offset for entry in read(past, stretch)]
            assert offsets == sorted(offsets)
            assert all(stretch.first <= offset <= stretch.last for offset in offsets)

    def test_what_comes_after_the_start_is_not_read(self, appender: Appender, past: Past) -> None:
        appender.append([message(number) for number in range(30)])
        stretches = past.stretches(0)
        appender.append([message(number) for number in range(30, 60)])
        assert len([entry for stretch in stretches for entry in read(past, stretch, 7)]) == 30

    def test_it_can_end_where_a_sink_has_come(self, storage: Storage, appender: Appender, past: Past) -> None:
        assert everything(past, sink=SINK) == []
        appender.append([message(number) for number in range(30)])
        with closing(storage.open_feed(SINK, Event(), recall)) as feed:
            settled = settle_all(feed, 30)
            appender.append([message(number) for number in range(30, 60)])
        assert {entry.offset for entry in everything(past, sink=SINK)} == {entry.offset for entry in settled}

    def test_it_is_read_beside_a_worker_that_loses_nothing(
        self, storage: Storage, appender: Appender, past: Past
    ) -> None:
        appender.append([message(number) for number in range(30)])
        assert len(everything(past)) == 30
        with closing(storage.open_feed(SINK, Event(), recall)) as feed:
            assert len(settle_all(feed, 30)) == 30

    def test_closing_twice_is_closing_once(self, past: Past) -> None:
        past.close()
        past.close()
