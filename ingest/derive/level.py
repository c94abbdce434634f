"""From the distance above the waste to a fill level and litres.

The distance runs away from the sensor, so the level falls as it grows. What a vendor calls "fill %" depends on a
height stored in the device and cannot be compared between makes: the level is always computed here, from the mount.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import cos, radians
from typing import NamedTuple

from sinks.model import Quality

CLAMP_LOW, CLAMP_HIGH = -10.0, 115.0
"""Levels outside are no measurement of this bin any more; -10..0 and 100..115 are settling, rounding, bags."""

_NUMBER = (int, float)  # half the time of `int | float`, and asked for every frame

Mount = Mapping[str, float | str | bool]


class Level(NamedTuple):
    """`level_pct` clamped to 0..100, None when there is none; `quality` and `code` say how far to trust it."""

    level_pct: float | None
    quality: Quality = Quality.GOOD
    code: str = ""


def level(distance_mm: float, mount: Mount) -> Level:
    """Fill level from a distance and how the sensor hangs.

    `mount`: `empty_mm` (distance read in the empty bin) and `full_mm` (at the fill line) are needed; `offset_mm`,
    `tilt_deg` (beam against the vertical) and `dead_mm` (blind zone of the sensor) are 0 when absent.
    """
    empty, full = mount.get("empty_mm"), mount.get("full_mm")
    if not isinstance(empty, _NUMBER) or not isinstance(full, _NUMBER):
        return Level(None, Quality.NOT_EVALUATED, "no_geometry")
    height, tilt = distance_mm - _number(mount, "offset_mm"), _number(mount, "tilt_deg")
    if tilt:
        height *= cos(radians(tilt))
    unclamped = 100.0 * (empty - height) / (empty - full)
    if distance_mm < _number(mount, "dead_mm"):
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
