"""One look at the store for everybody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from api.latest import LatestValues
from api.settings import ApiSettings
from sinks.errors import Unavailable
from sinks.model import Asset
from sinks.ports import Row, Selection
from tests.api.memory import MemoryReader, MemoryRegistry, row

LASTING = ApiSettings(latest_ttl_s=3600)
PASSING = ApiSettings(latest_ttl_s=0)
READS_A_BOARD = 2


def test_many_threads_cause_one_look(reader: MemoryReader, registry: MemoryRegistry) -> None:
    latest = LatestValues(reader, registry, LASTING)
    with ThreadPoolExecutor(16) as pool:
        boards = list(pool.map(lambda _: latest.board(), range(200)))
    assert reader.asked == READS_A_BOARD
    assert all(board is boards[0] for board in boards)


def test_a_store_that_is_down_is_not_stormed(reader: MemoryReader, registry: MemoryRegistry) -> None:
    reader.down = True
    latest = LatestValues(reader, registry, LASTING)
    for _ in range(20):
        with pytest.raises(Unavailable):
            latest.board()
    assert reader.asked == 1


def test_a_store_that_comes_back_is_seen(reader: MemoryReader, registry: MemoryRegistry) -> None:
    latest = LatestValues(reader, registry, PASSING)
    reader.down = True
    with pytest.raises(Unavailable):
        latest.board()
    reader.down = False
    assert latest.board().stations


@dataclass
class SlowReader(MemoryReader):
    """Each question takes a second of the clock that it carries."""

    seconds: float = 0

    def latest(self, selection: Selection) -> list[Row]:
        self.seconds += 1
        return super().latest(selection)


def test_a_look_that_takes_long_is_followed_by_twice_as_long_a_pause(registry: MemoryRegistry) -> None:
    reader = SlowReader()
    latest = LatestValues(reader, registry, ApiSettings(latest_ttl_s=0.5), clock=lambda: reader.seconds)
    latest.board()
    reader.seconds += 3.9
    latest.board()
    assert reader.asked == READS_A_BOARD
    reader.seconds += 0.2
    latest.board()
    assert reader.asked == 2 * READS_A_BOARD


def test_a_change_in_the_registry_is_seen(reader: MemoryReader, registry: MemoryRegistry) -> None:
    latest = LatestValues(reader, registry, PASSING)
    assert "new" not in latest.board().stations
    registry.put(Asset("new", "giessen", "bin", "Neu", 50.5, 8.6))
    assert "new" in latest.board().stations


def test_the_registry_is_not_read_again_without_a_change(reader: MemoryReader, registry: MemoryRegistry) -> None:
    latest = LatestValues(reader, registry, PASSING)
    latest.board()
    registry.all_assets.clear()
    assert latest.board().stations


def test_a_clock_a_little_ahead_is_now_and_one_far_ahead_is_not_believed(
    reader: MemoryReader, registry: MemoryRegistry, now_ms: int
) -> None:
    latest = LatestValues(reader, registry, PASSING, lambda: now_ms)
    reader.put(row(now_ms + 2000, "of-bin-1", {"level_pct": 33.0}))
    assert latest.board().stations["of-bin-1"].age_s == 0
    reader.put(row(now_ms + 86_400_000, "of-bin-1", {"level_pct": 44.0}))
    assert latest.board().stations["of-bin-1"].latest["level_pct"].value == 33.0
