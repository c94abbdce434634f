"""Two small cities in a store, for every kind of thing that the boards tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sinks.model import Field, Point, Series

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
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


def fleet_and_pipeline(now_ms: int = NOW) -> Iterator[Point]:
    """All rows for the technical boards: two devices and one that left, a sink, a source, dead letters."""
    yield from _frames(now_ms)
    yield from _health(now_ms)
    yield from _operation(now_ms)
    yield from _letters(now_ms)


def _device(kind: str, device: str, at_ms: int, fields: dict[str, Field], name: str = "") -> Point:
    """A row of a device of the second seed."""
    tenant, asset = ("giessen", "gi-tree") if device == "b2" else ("offenbach", f"of-{device}")
    return Point(Series(kind, tenant, asset, device, "em400", name=name), at_ms, fields)


def _frames(now_ms: int) -> Iterator[Point]:
    link: dict[str, Field] = {"snr_db": -4.0, "spreading_factor": 10, "rssi_dbm": -110.0, "gateways": 2, "quality": 1}
    for n in range(30):
        yield _device(
            "bin_level", "a1", now_ms - n * HOUR, link | {"f_cnt": 100 - n, "f_port": 85, "battery_pct": 90.0}
        )
    yield _device(
        "device_status", "a1", now_ms - 90 * MINUTE, link | {"quality": 9, "gateways": 1, "battery_pct": 88.0}
    )
    yield _device("soil", "b2", now_ms - HOUR, link)
    yield _device("event", "a1", now_ms - 20 * HOUR, {"code": "join", "text": "accepted"})


def _health(now_ms: int) -> Iterator[Point]:
    for hour in range(30):
        at = now_ms - now_ms % HOUR - hour * HOUR
        sound: dict[str, Field] = {"state_code": 0, "age_s": 60.0, "received": 96, "headroom_db": 16.0, "missing": 2}
        more: dict[str, Field] = {"loss_pct": 2.0, "battery_pct": 88.0, "link_margin_db": 11.0, "interval_s": 900.0}
        yield _device("device_health", "a1", at, sound | more)
        yield _device("device_health", "b2", at, {"state_code": 2 if hour < 5 else 0, "age_s": 90_000.0, "received": 0})
    yield _device("device_health", "gone", now_ms - 10 * HOUR, {"state_code": 2, "age_s": 1.0})


def _operation(now_ms: int) -> Iterator[Point]:
    for n in range(180):
        at, count = now_ms - n * MINUTE, 10_000 - 10 * n if n < 100 else 5_000 - 10 * n
        account: dict[str, Field] = {"received": count, "stored": count - 16, "duplicates": 7, "dead_letters": 4}
        rest: dict[str, Field] = {"expired": 0, "in_flight": 5, "missing": 0, "backlog": 5, "oldest_s": 1.5}
        open_: dict[str, Field] = {"settled_age_s": 2.0, "open_letters": 4, "unknown_devices": 1, "missing_frames": 3}
        yield Point(Series("pipeline", "", "", "", name="influxdb"), at, account | rest | open_)
        source: dict[str, Field] = {"messages": count, "last_message_age_s": 3.0, "alarms": 1, "text": "qos: 0"}
        yield Point(Series("pipeline_source", "", "", "", name="ttn"), at, source)


def _letters(now_ms: int) -> Iterator[Point]:
    counts = {("decode/wrong_port", "em400"): 2, ("decode/too_short", "em400"): 1, ("observe/unknown_device", ""): 1}
    for (reason, model), n in counts.items():
        yield Point(Series("dead_letters", "", "", "", model, name=reason), now_ms - MINUTE, {"open": n})
        yield Point(Series("dead_letters", "", "", "", model, name=reason), now_ms - 2 * MINUTE, {"open": n + 5})
    for n in range(12):
        yield _device(
            "dead_letter", "a1", now_ms - n * MINUTE, {"letter": n, "detail": f"port {n}"}, "decode/wrong_port"
        )
    stranger = Series("dead_letter", "", "", "f00", name="observe/unknown_device")
    yield Point(stranger, now_ms - 5 * MINUTE, {"letter": 99, "detail": "f00"})
