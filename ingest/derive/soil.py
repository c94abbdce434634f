"""From what a soil probe measures to how much of the water a tree can use.

Water content says how much water there is, tension how hard it is to get: they are two kinds of sensor and are never
converted into each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TEXTURES: Final = {
    "sand": (0.10, 0.05),
    "loamy_sand": (0.12, 0.05),
    "sandy_loam": (0.18, 0.08),
    "loam": (0.28, 0.14),
    "silt_loam": (0.31, 0.11),
    "silt": (0.30, 0.06),
    "sandy_clay_loam": (0.27, 0.17),
    "clay_loam": (0.36, 0.22),
    "silty_clay_loam": (0.38, 0.22),
    "silty_clay": (0.41, 0.27),
}
"""Texture to field capacity (at -33 kPa) and wilting point (at -1500 kPa), m³/m³: Saxton and Rawls 2006, table 3."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Water contents in m³/m³ between which a tree can use the water, and where they came from: site or texture."""

    field_capacity: float
    wilting_point: float
    origin: str


def profile(properties: Mapping[str, float | str | bool]) -> Profile | None:
    """The soil of a tree: measured at the site, else by its texture (less its stones), else None."""
    capacity, wilting = properties.get("field_capacity"), properties.get("wilting_point")
    if isinstance(capacity, float | int) and isinstance(wilting, float | int) and capacity > wilting:
        return Profile(float(capacity), float(wilting), "site")
    texture = TEXTURES.get(str(properties.get("soil", "")))
    if texture is None:
        return None
    stones = properties.get("stone_fraction", 0.0)
    fine = 1.0 - (float(stones) if isinstance(stones, float | int) else 0.0)
    return Profile(texture[0] * fine, texture[1] * fine, "texture")


def nfk_pct(vwc: float, soil: Profile) -> float:
    """Share of the usable field capacity (nutzbare Feldkapazität), %; below 0 drier than wilting, above 100 wet.

    DWD's classes: below 30 drought stress, 30 to 50 light stress, 50 to 70 sufficient, 70 to 90 good, from 90 on
    short of oxygen.
    """
    return round(100.0 * (vwc - soil.wilting_point) / (soil.field_capacity - soil.wilting_point), 1)


def both_contents(values: Mapping[str, float | None]) -> tuple[float, float] | None:
    """Water content as m³/m³ and as percent, from whichever of the two the probe gave."""
    vwc, pct = values.get("soil_vwc"), values.get("soil_moisture_pct")
    if vwc is not None:
        return vwc, round(vwc * 100.0, 4)
    if pct is not None:
        return round(pct / 100.0, 6), pct
    return None
