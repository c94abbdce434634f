"""When water reached the roots: the soil became wetter within a day.

Nobody here knows yet whether it rained, so this is a wetting: a watering or a rain.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from .window import DAY_MS

RISE: Final = 0.02
"""m³/m³ within a day."""
FALL: Final = -log(1 - 0.30)
"""Of the logarithm of the suction within a day: it falls by 30 %."""
_ROUNDING: Final = 1e-9
_PASSED: Final = 0.25
"""A wetting is over, and the next may begin, when so much of the threshold has dried again."""


@dataclass(frozen=True, slots=True)
class Wetting:
    """`time_ms`: first reading past the threshold; it began at most `uncertainty_s` before. In the unit given."""

    time_ms: int
    before: float
    after: float
    uncertainty_s: float


def wetness(kpa: float) -> float:
    """Suction as something that rises when it becomes wetter; below 10 kPa all is wet, and noise is no event."""
    return -log(max(kpa, 10.0))


def first(times: Sequence[int], values: Sequence[float], least: float, since_ms: int | None = None) -> Wetting | None:
    """The first wetting among these readings, of water content or `wetness`; None when there is none.

    `since_ms`: a wetting that is known already; looked for is the next one. A wrong reading alone is none: the lower
    of two in a row must be past the threshold, and the lowest before is the higher of two in a row.
    """
    known = since_ms is not None and bool(times) and times[0] <= since_ms
    at = bisect_left(times, since_ms) if known and since_ms is not None else 0
    peak = values[at] if known and at < len(values) else None
    low: int | None = None
    while at + 1 < len(values):
        now = min(values[at], values[at + 1])
        if peak is not None:
            peak = max(peak, now)
            if now <= peak - _PASSED * least:
                peak = None
        else:
            low = _lowest(times, values, at, low)
            if low is not None and now - _robust(values, low) >= least - _ROUNDING:
                return _wetting(times, values, low, at)
            low = at if low is None or _robust(values, at) <= _robust(values, low) else low
        at += 1
    return None


def after(times: Sequence[int], values: Sequence[float], time_ms: int) -> float | None:
    """The wettest of the day that follows this time, None without readings."""
    begin, end = bisect_left(times, time_ms), bisect_left(times, time_ms + DAY_MS)
    pairs = zip(values[begin:end], values[begin + 1 : end], strict=False)
    return max((min(pair) for pair in pairs), default=None)


def _robust(values: Sequence[float], at: int) -> float:
    return max(values[at], values[at + 1])


def _lowest(times: Sequence[int], values: Sequence[float], at: int, low: int | None) -> int | None:
    """The lowest of the day before; looked for anew only when the one that was is older than that."""
    earliest = times[at] - DAY_MS
    if low is None or times[low] >= earliest:
        return low
    begin = bisect_left(times, earliest)
    return min(range(begin, at), key=lambda index: _robust(values, index), default=None)


def _wetting(times: Sequence[int], values: Sequence[float], low: int, at: int) -> Wetting:
    wettest = after(times, values, times[at])
    return Wetting(
        times[at],
        _robust(values, low),
        wettest if wettest is not None else values[at],
        (times[at] - times[low]) / 1000.0,
    )
