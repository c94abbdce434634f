"""From what a codec says to quantities, by what is declared, or by The Things Stack's normalized schema.

All or nothing, as in every decoder: a number that is none refuses the frame, since it tells that the codec read beyond
the end, or another product's frame. What cannot be true anywhere is no value; when nothing else is left, no frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from decoders import Code, Decoded, Issue, Kind, Reading
from decoders.frame import Values, assemble, check_limits, device_time_ms
from ingest.networks.clock import epoch, parse
from ingest.networks.json_path import MISSING, Path, compile_path, number, take
from ingest.networks.units import conversion

from .settings import CodecSettings, CodecValue

_MOST_READINGS: Final = 1_000
_NS: Final = 1_000_000


class NoResult(Exception):
    """There is nothing to read: why, and the code by which it is counted."""

    def __init__(self, why: str, code: Code = Code.JS_OUTPUT) -> None:
        super().__init__(why)
        self.code = code


class Place(NamedTuple):
    """Where one quantity stands: `number * factor + offset` is in the quantity's unit. `text`: see `CodecValue`."""

    quantity: str
    path: Path
    shown: str
    unit: str
    factor: float
    offset: float
    channel: str | None = None
    text: bool = False
    none: tuple[float, ...] = ()


class Plan(NamedTuple):
    """What is read out of a result. `source`: the part of it, data or normalized. `depth`: of the channel, in cm."""

    source: str
    places: tuple[Place, ...]
    each: Path | None = None
    time: Path | None = None
    depth: Path | None = None

    @property
    def is_normalized(self) -> bool:
        """Whether the codec's own `normalizeUplink` is asked too."""
        return self.source == "normalized"

    @property
    def quantities(self) -> tuple[str, ...]:
        """Every quantity that may come out, once."""
        return tuple(dict.fromkeys(place.quantity for place in self.places))


_NORMALIZED: Final = (
    ("battery", "battery_v", "V"),
    ("soil.moisture", "soil_moisture_pct", "%"),
    ("soil.temperature", "soil_temperature_c", "°C"),
    ("soil.ec", "soil_ec_us_cm", "dS/m"),
    ("soil.pH", "soil_ph", "1"),
    ("soil.n", "soil_n_mg_kg", "ppm"),
    ("soil.p", "soil_p_mg_kg", "ppm"),
    ("soil.k", "soil_k_mg_kg", "ppm"),
    ("air.temperature", "temperature_c", "°C"),
    ("air.relativeHumidity", "humidity_pct", "%"),
)
"""Path, quantity and unit. Source: lib/payload.json of TheThingsNetwork/lorawan-devices. It knows no distance, no fill
level and no battery in percent."""


def plan(settings: CodecSettings) -> Plan:
    """What is declared, made ready for the frames; without any values, the normalized schema."""
    declared = tuple(_declared(settings))
    if not declared:
        return NORMALIZED
    each, time = settings.each, settings.time
    return Plan("data", declared, compile_path(each) if each else None, compile_path(time) if time else None)


def _declared(settings: CodecSettings) -> Iterator[Place]:
    for channel, values in ((None, settings.values), *settings.channels.items()):
        for quantity, value in values.items():
            yield _place(quantity, value, channel)


def _place(quantity: str, value: CodecValue, channel: str | None) -> Place:
    factor, offset = conversion(quantity, value.unit)
    scale, shift = value.scale * factor, value.offset * factor + offset
    path = compile_path(value.path)
    return Place(quantity, path, value.path, value.unit, scale, shift, channel, value.text, value.none)


NORMALIZED: Final = Plan(
    "normalized",
    tuple(_place(quantity, CodecValue(path=path, unit=unit), None) for path, quantity, unit in _NORMALIZED),
    time=("time",),
    depth=("soil", "depth"),
)


def read(plan: Plan, result: Any) -> Decoded:
    """What a frame says, from the codec's result `{data, errors, normalized}`. Raises `NoResult`."""
    issues: list[Issue] = []
    items = _items(plan, taken(result, plan.source))
    readings = [reading for item in items for reading in _readings(plan, item, issues)]
    if not readings and not issues:
        return Decoded(Kind.STATUS)  # settings, a join: nothing of what is declared
    impossible = [f"{issue.field} is {issue.raw}" for issue in issues if issue.code is Code.OUT_OF_RANGE]
    if impossible and not any(value is not None for reading in readings for value in reading.values.values()):
        raise NoResult(f"nothing of it can be true: {', '.join(impossible[:3])}")
    return assemble(Kind.TELEMETRY, tuple(readings), {}, issues=issues)


def taken(result: Any, source: str) -> Any:
    """This part of the result, which is not empty. Raises `NoResult`, also when the codec speaks of errors."""
    if not isinstance(result, dict):
        raise NoResult("the result is no object")
    if errors := result.get("errors"):
        said = ", ".join(map(str, errors)) if isinstance(errors, list) else str(errors)
        raise NoResult(f"the codec refuses the frame: {said}", Code.JS_ERROR)
    if not result.get(source):
        raise NoResult(f"the codec gives no {source}")
    return result[source]


def _items(plan: Plan, said: Any) -> list[dict[str, Any]]:
    """The objects in which the paths begin."""
    if plan.each is not None:
        said = take(plan.each, said, [])
        if said is MISSING:
            return []
    items = said if isinstance(said, list) and (plan.each or plan.is_normalized) else [said]
    if len(items) > _MOST_READINGS or not all(isinstance(item, dict) for item in items):
        raise NoResult(f"its {plan.source} is no object, or a list of other things than up to 1,000 objects")
    return items


def _readings(plan: Plan, item: dict[str, Any], issues: list[Issue]) -> Iterator[Reading]:
    """One reading for each channel; none of an item whose own time cannot be true."""
    known = len(issues)
    time_ms = _time(plan, item, issues)
    if len(issues) > known:
        return
    by_channel: dict[str | None, Values] = {}
    depth = _depth(plan, item)
    for place in plan.places:
        raw = take(place.path, item, [])
        if raw is not MISSING:
            channel = depth if depth and place.quantity.startswith("soil_") else place.channel
            by_channel.setdefault(channel, {})[place.quantity] = _value(place, raw, issues)
    for channel, values in by_channel.items():
        check_limits(values, issues)
        yield Reading(values, time_ms, channel)


def _value(place: Place, raw: Any, issues: list[Issue]) -> float | None:
    if raw is None:
        issues.append(Issue(Code.SENSOR_FAULT, place.quantity, None, "the codec says null"))
        return None
    found = _number(place, raw)
    if found in place.none:
        issues.append(Issue(Code.SENSOR_FAULT, place.quantity, found, "declared as no value"))
        return None
    return round(found * place.factor + place.offset, 9)


def _number(place: Place, raw: Any) -> float:
    if not isinstance(raw, str):
        found = number(raw)
    elif place.text:
        found = number(raw.strip().removesuffix(place.unit))
    elif number(raw) is not None:
        raise NoResult(f"{place.shown} is the text {raw[:40]!r}: declare text = true if numbers are written so")
    else:
        found = None
    if found is None:
        raise NoResult(f"{place.shown} is no number but {str(raw)[:40]!r}")
    return found


def _depth(plan: Plan, item: Mapping[str, Any]) -> str | None:
    """The channel of a normalized soil reading: its depth in cm."""
    raw = number(take(plan.depth, item, [])) if plan.depth else None
    return None if raw is None else f"{raw:g}"


def _time(plan: Plan, item: Mapping[str, Any], issues: list[Issue]) -> int | None:
    raw = take(plan.time, item, []) if plan.time else MISSING
    if raw is MISSING or raw is None:
        return None
    ns = parse(raw) if isinstance(raw, str) else None
    ns = epoch(number(raw)) if ns is None else ns
    if ns is None:
        raise NoResult(f"the time is {str(raw)[:40]!r}: neither RFC 3339 nor a number since 1970")
    return None if device_time_ms(ns // (1_000 * _NS), issues) is None else ns // _NS
