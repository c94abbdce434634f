"""A small city in a store: bins and trees of every kind that the boards of the wall tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sinks.model import Field, Point, Series

HOUR: Final = 3_600_000
DAYS: Final = 2
NOW: Final = 1_780_001_100_000
"""Some minutes after a full hour of a day in May."""

BINS: Final[dict[str, dict[str, Field]]] = {
    "of-half": {"level_pct": 50.0, "state_code": 0, "hours_to_due": 60.0, "age_s": 900.0, "quality": 1},
    "of-soon.1": {"level_pct": 70.0, "state_code": 1, "hours_to_due": 20.0, "age_s": 900.0, "quality": 1},
    "of-due": {"level_pct": 85.0, "state_code": 2, "hours_to_due": 0.0, "age_s": 900.0, "quality": 1},
    "gi-over": {"level_pct": 97.0, "state_code": 3, "hours_to_due": 0.0, "age_s": 900.0, "quality": 1},
    "gi-silent": {"state_code": 9, "age_s": 3 * 86_400.0, "quality": 9},
    "gi-never": {"state_code": 9, "age_s": 9 * 86_400.0, "quality": 9},
    "gi-bare": {"state_code": 9, "quality": 9},
}
"""By asset what is so now; the last has no device at all."""

TREES: Final[dict[str, dict[str, Field]]] = {
    "of-dry": {"need": 90.0, "state_code": 2, "soil_tension_kpa": 85.0, "days_to_critical": 0.0, "litres": 100.0,
               "frozen": False, "settling": False, "age_s": 900.0, "quality": 1},
    "of-plan": {"need": 40.0, "state_code": 1, "soil_nfk_pct": 50.0, "days_to_critical": 4.5, "litres": 75.0,
                "frozen": False, "settling": True, "age_s": 900.0, "quality": 3},
    "gi-frozen": {"state_code": 9, "frozen": True, "settling": False, "soil_temperature_c": -1.0, "age_s": 900.0,
                  "quality": 3},
    "gi-silent": {"state_code": 9, "frozen": False, "settling": False, "age_s": 2 * 86_400.0, "quality": 9},
}  # fmt: skip


def town(now_ms: int = NOW) -> Iterator[Point]:
    """All rows: two days of states and frames, and events."""
    yield from _states("bin_state", BINS, now_ms)
    yield from _states("tree_state", TREES, now_ms)
    yield from _levels(now_ms)
    yield from _soil(now_ms)
    yield from _events(now_ms)


def _of(kind: str, asset: str, at_ms: int, fields: dict[str, Field], depth: str = "") -> Point:
    tenant = "giessen" if asset.startswith("gi") else "offenbach"
    device = "" if asset == "gi-bare" else f"eui-{asset}"
    return Point(Series(kind, tenant, asset, device, "em400" if device else "", depth), at_ms, fields)


def _states(kind: str, known: dict[str, dict[str, Field]], now_ms: int) -> Iterator[Point]:
    """The state of now since two days; a bin that was removed is only in the first of them."""
    this_hour = now_ms - now_ms % HOUR
    place: dict[str, Field] = {"lat": 50.1, "lon": 8.75}
    for hour in range(DAYS * 24):
        for asset, fields in known.items():
            yield _of(kind, asset, this_hour - hour * HOUR, place | fields)
        if hour >= 24:
            yield _of(kind, "of-removed", this_hour - hour * HOUR, place | {"state_code": 3, "age_s": 900.0})


def _levels(now_ms: int) -> Iterator[Point]:
    """Of one bin, with a gap of ten hours; of another only long ago."""
    told: dict[str, Field] = {"tilt_deg": 3.0, "temperature_c": 11.5, "battery_pct": 88.0, "battery_v": 3.6}
    radio: dict[str, Field] = {"snr_db": 7.0, "gateways": 2, "quality": 1}
    for hour in range(DAYS * 24):
        if not 10 <= hour < 20:
            yield _of(
                "bin_level", "of-half", now_ms - hour * HOUR, told | radio | {"level_pct": 50.0, "distance_mm": 700.0}
            )
    yield _of("bin_level", "gi-silent", now_ms - 72 * HOUR, {"level_pct": 92.0, "quality": 1})
    yield _of("bin_level", "", now_ms - HOUR, {"distance_mm": 1.0, "quality": 9})


def _soil(now_ms: int) -> Iterator[Point]:
    for hour in range(DAYS * 24):
        at_ms = now_ms - hour * HOUR
        for depth, tension in (("30", 85.0), ("60", 40.0)):
            yield _of("soil", "of-dry", at_ms, {"soil_tension_kpa": tension, "quality": 1}, depth)
        yield _of("soil", "of-plan", at_ms, {"soil_moisture_pct": 15.0, "soil_nfk_pct": 50.0, "quality": 1}, "30")
        yield _of("soil", "gi-frozen", at_ms, {"soil_temperature_c": -1.0, "quality": 3}, "30")


def _events(now_ms: int) -> Iterator[Point]:
    def event(asset: str, hours_ago: float, code: str, before: float, after: float, depth: str = "") -> Point:
        fields: dict[str, Field] = {
            "code": code,
            "before": before,
            "after": after,
            "uncertainty_s": 900.0,
            "quality": 1,
        }
        return _of("asset_event", asset, now_ms - round(hours_ago * HOUR), fields, depth)

    yield event("of-half", 1, "emptied", 90.0, 5.0)
    yield event("of-due", 30, "emptied", 60.0, 4.0)
    yield event("gi-over", 26, "partly_emptied", 95.0, 60.0)
    yield event("of-plan", 3, "watered", 0.12, 0.2, "30")
