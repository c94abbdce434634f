"""What gap records promise, wherever they are kept. A test class of each journal inherits this one.

The subclass gives the fixture `storage`: a data folder with an empty journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from threading import Event

import pytest

from sinks.model import Gap, GapNotes
from sinks.ports import Batch, Gaps, Settlement
from sinks.storage import Storage
from tests.sinks.feed_contract import SINK, message, recall, settle_all, stored, taken

GAP = Gap("main", "24e124713b490001", "counter", 1_000, 5_000, missing=3, first=7)
OTHER = Gap("main", "24e124713b490002", "counter", 2_000, 9_000, missing=1, first=7)
SILENCE = Gap("main", "", "silent", 3_000, 4_000)


@pytest.fixture
def gaps(storage: Storage) -> Iterator[Gaps]:
    with closing(storage.open_appender()) as appender:
        appender.append([message(0)])
    with closing(storage.open_gaps()) as gaps:
        yield gaps


def noting(gaps: Sequence[Gap], number: int = 1, **counts: int) -> Callable[[Batch], Settlement]:
    return lambda batch: replace(stored(batch), gaps=GapNotes(gaps, counts, number=number, states=b"x%d" % number))


def settle(storage: Storage, *notes: Callable[[Batch], Settlement]) -> None:
    """One message of one device for each of these, by a worker that goes then."""
    with closing(storage.open_appender()) as appender, closing(storage.open_feed(SINK, Event(), recall)) as feed:
        for note in notes:
            settle_all(feed, 1, note)
            appender.append([message(0)])


class GapsContract:
    """Inherit it in a class whose module has a fixture `storage` and imports the fixture `gaps`."""

    def test_at_first_nothing_is_missing(self, gaps: Gaps) -> None:
        assert (gaps.find(SINK), gaps.open(SINK), gaps.sums(SINK)) == ([], 0, {"missing": 0, "found": 0})

    def test_what_was_settled_is_seen(self, storage: Storage, gaps: Gaps) -> None:
        settle(storage, noting([GAP, OTHER], missing=4))
        assert gaps.find(SINK) == [OTHER, GAP]
        assert (gaps.open(SINK), gaps.sums(SINK)) == (2, {"missing": 4, "found": 0})
        with closing(storage.open_accounting()) as books:
            assert (books.account(SINK).gaps.frames, books.account(SINK).gaps.open) == (4, 2)

    def test_a_gap_that_changes_is_the_same_one(self, storage: Storage, gaps: Gaps) -> None:
        settle(storage, noting([GAP], missing=3))
        assert gaps.open(SINK) == 1
        settle(storage, noting([replace(GAP, found=3, state="filled")], 2, found=3))
        assert [(gap.found, gap.state) for gap in gaps.find(SINK)] == [(3, "filled")]
        assert (gaps.open(SINK), gaps.sums(SINK)) == (0, {"missing": 3, "found": 3})

    def test_they_are_found_by_device_and_time_and_not_all_at_once(self, storage: Storage, gaps: Gaps) -> None:
        settle(storage, noting([GAP, OTHER]))
        assert gaps.find(SINK, device=GAP.device) == [GAP]
        assert gaps.find(SINK, since_ms=5_001) == [OTHER]
        assert gaps.find(SINK, limit=1) == [OTHER]

    def test_another_sink_has_its_own(self, storage: Storage, gaps: Gaps) -> None:
        settle(storage, noting([GAP], missing=3))
        assert (gaps.find("other"), gaps.open("other"), gaps.sums("other")) == ([], 0, {"missing": 0, "found": 0})

    def test_those_of_a_source_are_everybodys(self, storage: Storage, gaps: Gaps) -> None:
        settle(storage, noting([GAP]))
        gaps.record([SILENCE])
        gaps.record([replace(SILENCE, to_ms=6_000)])
        assert gaps.find(SINK) == [replace(SILENCE, to_ms=6_000), GAP]
        assert (gaps.open(SINK), gaps.open("other")) == (2, 1)

    def test_whoever_goes_on_has_the_state_that_was_settled(self, storage: Storage, gaps: Gaps) -> None:  # noqa: ARG002 the first message
        settle(storage, noting([], 1), noting([], 2))
        with closing(storage.open_feed(SINK, Event(), recall)) as feed:
            (batch,) = taken(feed)
            assert [content for _, content in feed.states(batch.lane)] == [b"x1", b"x2"]

    def test_state_that_is_needed_no_more_goes(self, storage: Storage, gaps: Gaps) -> None:  # noqa: ARG002 as above
        def last(batch: Batch) -> Settlement:
            return replace(stored(batch), gaps=GapNotes(number=3, keep_from=2, states=b"x3"))

        settle(storage, noting([], 1), noting([], 2), last)
        with closing(storage.open_feed(SINK, Event(), recall)) as feed:
            (batch,) = taken(feed)
            assert [content for _, content in feed.states(batch.lane)] == [b"x2", b"x3"]

    def test_closing_twice_is_closing_once(self, gaps: Gaps) -> None:
        gaps.close()
        gaps.close()
