"""When a bin was emptied: two windows of readings, their medians, and the empty zone.

One step proves nothing: 1.6 % of ultrasonic readings jump by 20 cm or more and come back. So the median of the five
readings before is held against that of the three from now on, and of six where something stays in the bin.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

BEFORE: Final = 5
AFTER: Final = 3
HOLD: Final = 6
"""Readings that a partial emptying must last."""
REFRACTORY: Final = 8
"""Readings after an emptying among which there is no other."""
LEAST_MM: Final = 250.0
LEAST_PCT: Final = 25.0
"""An emptying lets the level fall by the larger of the two."""
EMPTY_PCT: Final = 35.0
"""After an emptying the level is no higher."""
PARTLY_PCT: Final = 15.0


@dataclass(frozen=True, slots=True)
class Emptying:
    """`time_ms`: of the first reading after it. `before`, `after`: level in %, medians.

    `uncertainty_s`: it happened at most so long before that time. `partly`: something stayed in the bin.
    """

    time_ms: int
    before: float
    after: float
    uncertainty_s: float
    partly: bool = False


def find(
    times: Sequence[int], levels: Sequence[float], span_mm: float | None = None, since_ms: int | None = None
) -> list[Emptying]:
    """All emptyings among these good readings, in order.

    `times`: Unix milliseconds, rising. `levels`: % of the bin. `span_mm`: distance from empty to full, None when it is
    not known. `since_ms`: an emptying that is known already; only later ones are looked for. One is known two readings
    after it, a partial one five.
    """
    least = max(LEAST_PCT, 100.0 * LEAST_MM / span_mm) if span_mm else LEAST_PCT
    found: list[Emptying] = []
    at = BEFORE if since_ms is None else max(BEFORE, bisect_left(times, since_ms) + REFRACTORY)
    while at + AFTER <= len(levels):
        one = _judge(times, levels, at, least)
        if one is not None:
            found.append(one)
        at += REFRACTORY if one is not None else 1
    return found


def _judge(times: Sequence[int], levels: Sequence[float], at: int, least: float) -> Emptying | None:
    """The emptying of which this reading is the first; the reading itself must be past the threshold."""
    before = median(levels[at - BEFORE : at])
    step = before - levels[at]
    if step < PARTLY_PCT:
        return None
    uncertainty_s = (times[at] - times[at - 1]) / 1000.0
    after = median(levels[at : at + AFTER])
    if step >= least and before - after >= least and after <= EMPTY_PCT:
        return Emptying(times[at], before, after, uncertainty_s)
    held = levels[at : at + HOLD]
    if len(held) == HOLD and median(held) > EMPTY_PCT and _holds(before, held):
        return Emptying(times[at], before, median(held), uncertainty_s, partly=True)
    return None


def _holds(before: float, held: Sequence[float]) -> bool:
    """One reading of the six may be a wrong one."""
    return sum(before - level >= PARTLY_PCT for level in held) >= HOLD - 1
