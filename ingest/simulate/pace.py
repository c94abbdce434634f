"""Which frame of a device is due when, and what time it is in the simulated city.

Everything follows from the wall clock and the speed, so a second start goes on where the first would be by now.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Final

EPOCH_S: Final = 1_767_225_600
"""2026-01-01T00:00:00Z, in Unix seconds: the simulated city was built then, and all its clocks begin."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, on both clocks.

    `real_s`: Unix seconds of the wall clock; seasons and batteries follow it. `simulated_s`: seconds of the simulated
    city since `EPOCH_S`; waste, water and the hours of the day follow it.
    """

    real_s: float
    simulated_s: float


@dataclass(frozen=True, slots=True)
class Pace:
    """`speed`: simulated seconds in a real one."""

    speed: float = 60.0

    def moment(self, real_s: float) -> Moment:
        """The simulated city at this time of the wall clock."""
        return Moment(real_s, (real_s - EPOCH_S) * self.speed)

    def slot(self, interval_s: float, phase: float, real_s: float) -> int:
        """Number of the newest frame that is due by now. `interval_s` simulated seconds; `phase` 0 to 1 of it."""
        return floor((real_s - EPOCH_S) * self.speed / interval_s - phase)

    def due_s(self, interval_s: float, phase: float, slot: int) -> float:
        """Unix seconds of the wall clock at which this frame is due."""
        return EPOCH_S + (slot + phase) * interval_s / self.speed
