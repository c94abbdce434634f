"""The newest readings of one series in little memory: 16 bytes each, in order of their time, one for each time."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
_SLACK: Final = 32
"""So many too many are taken off together."""


class Window:
    """At most about `most` readings: `times` in Unix milliseconds, `values` as they came."""

    __slots__ = ("most", "times", "values")

    def __init__(self, most: int) -> None:
        self.most = most
        self.times: array[int] = array("q")
        self.values: array[float] = array("d")

    def put(self, time_ms: int, value: float) -> bool:
        """Take a reading, also one that comes late; False when it is nothing new, or too old for a full one."""
        times = self.times
        if not times or time_ms > times[-1]:
            times.append(time_ms)
            self.values.append(value)
            if len(times) > self.most + _SLACK:
                del times[: -self.most], self.values[: -self.most]
            return True
        at = bisect_left(times, time_ms)
        if times[at] == time_ms:
            is_new = self.values[at] != value
            self.values[at] = value
            return is_new
        if at == 0 and len(times) >= self.most:
            return False
        times.insert(at, time_ms)
        self.values.insert(at, value)
        return True

    def since(self, time_ms: int) -> tuple[Sequence[int], Sequence[float]]:
        """Times and values from this time on."""
        at = bisect_left(self.times, time_ms)
        return self.times[at:], self.values[at:]

    def until(self, time_ms: int) -> tuple[Sequence[int], Sequence[float]]:
        """Times and values up to and including this time."""
        at = bisect_right(self.times, time_ms)
        return self.times[:at], self.values[:at]


def usual_interval_s(times: Sequence[int], most: int = 48) -> float | None:
    """Median of the newest gaps between these times, in seconds; None for fewer than three. Lost ones hardly count."""
    newest = times[-most - 1 :]
    if len(newest) < 4:
        return None
    return median(later - before for before, later in pairwise(newest)) / 1000.0
