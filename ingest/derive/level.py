"""From the distance above the waste to a fill level and litres.

The distance runs away from the sensor, so the level falls as it grows. What a vendor calls "fill %" depends on a
height stored in the device and cannot be compared between makes: the level is always computed here, from the mount.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from math import cos, radians

from msgspec import Struct

from sinks.model import Quality

CLAMP_LOW, CLAMP_HIGH = -10.0, 115.0
"""Levels outside are no measurement of this bin any more; -10..0 and 100..115 are settling, rounding, bags."""

_NUMBER = (int, float)  # half the time of `int | float`, and asked for every frame

Mount = Mapping[str, float | str | bool]


class Geometry(Struct, frozen=True, gc=False):
    """How a sensor hangs over a bin: distances in mm read when it is empty and when it is filled to its line.

    `offset`: mm that the sensor reads too much. `slope`: cosine of the beam's tilt. `dead`: blind zone, mm.
    """

    empty: float
    full: float
    offset: float = 0.0
    slope: float = 1.0
    dead: float = 0.0


def geometry(mount: Mount) -> Geometry | None:
    """From the data of a mount, None when there is not enough of it.

    `empty_mm` and `full_mm` are needed; `offset_mm`, `tilt_deg` (beam against the vertical) and `dead_mm` are 0 when
    absent.
    """
    empty, full = mount.get("empty_mm"), mount.get("full_mm")
    if not isinstance(empty, int | float) or not isinstance(full, int | float):
        return None
    return _hung(empty, full, *(_number(mount, key) for key in ("offset_mm", "tilt_deg", "dead_mm")))


@lru_cache(maxsize=1024)
def _hung(empty: float, full: float, offset: float, tilt_deg: float, dead: float) -> Geometry:
    """Most bins of a city are hung alike, and share one."""
    return Geometry(empty, full, offset, cos(radians(tilt_deg)), dead)


class Level(Struct, frozen=True, gc=False):
    """`level_pct` clamped to 0..100, None when there is none; `quality` and `code` say how far to trust it."""

    level_pct: float | None
    quality: Quality = Quality.GOOD
    code: str = ""


def level(distance_mm: float, hung: Geometry | None) -> Level:
    """Fill level from a distance and how the sensor hangs, if that is known."""
    if hung is None:
        return Level(None, Quality.NOT_EVALUATED, "no_geometry")
    empty = hung.empty
    unclamped = 100.0 * (empty - (distance_mm - hung.offset) * hung.slope) / (empty - hung.full)
    if distance_mm < hung.dead:
        return Level(None, Quality.FAIL, "blind_zone")
    if unclamped < CLAMP_LOW:
        return Level(None, Quality.FAIL, "beyond_empty")
    if unclamped > CLAMP_HIGH:
        return Level(None, Quality.FAIL, "above_full")
    return Level(round(min(max(unclamped, 0.0), 100.0), 1))


def litres(level_pct: float, properties: Mount) -> float | None:
    """Filled volume: by the bin's table of level to litres, else its capacity in proportion, else None.

    `volume_table` is text, "0:0,50:90,100:240": levels in percent, rising, and the litres at each.
    """
    table = properties.get("volume_table")
    if isinstance(table, str) and table:
        return _interpolate(level_pct, table)
    capacity = properties.get("capacity_l")
    return round(capacity * level_pct / 100.0, 1) if isinstance(capacity, _NUMBER) else None


def _interpolate(level_pct: float, table: str) -> float:
    steps = [(float(at), float(volume)) for at, volume in (step.split(":") for step in table.split(","))]
    if level_pct <= steps[0][0]:
        return steps[0][1]
    for (low, from_l), (high, to_l) in pairwise(steps):
        if level_pct <= high:
            return round(from_l + (to_l - from_l) * (level_pct - low) / (high - low), 1)
    return steps[-1][1]


def _number(mount: Mount, key: str) -> float:
    value = mount.get(key)
    return float(value) if isinstance(value, _NUMBER) else 0.0
