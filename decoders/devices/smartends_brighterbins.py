"""SmartEnds BrighterBins: time-of-flight fill level of bins, LoRaWAN.

fPort 1, one string of bits, the first bit of the frame first. Its kind stands in the last two bits, so it is found from
the end; of kind 3 the three bits before are the kind within.

    kind 0, 24 bits: fill level     reset 2, battery 6, temperature 7, fill level 7
    kind 1, 24 bits: distance       battery 6, temperature 7, distance 9
    kind 2, 96 bits: system         30 not documented, hardware 6, version 6 + 2 + 6, downlinks 4, resets 7, run time 12
                                    (bit 61), tests 8, battery 6 (81), voltage 4 (87), reset 2
    kind 3/0, 72 bits: distance     27 not documented, z 5, y 5, x 5, downlink 2, battery 6 (44), temperature 7 (50),
                                    distance 9 (57)
    kind 3/5, 72 bits: fill level   as 3/0, with 2 not documented and a fill level of 7 (59) in place of the distance
    kind 3/1, 96 bits: pick-up      48 not documented, tamper 1, z 5, y 5, x 5, fire 1, alert 2, pick-up 1,
                                    battery 6 (68), temperature 7 (74), distance 9 (81)
    kind 3/3, 72 bits: system

    battery      2 % each; 63 not known              temperature  1 °C each, from -40 °C
    fill level   %; 127 not known                    distance     cm; 511 the module is silent, 510 not configured
    voltage      0.1 V each, from 2.2 V

Depth maps and histories (kinds 3/4, 3/6, 3/7) have no published frame, and what is published of them does not fit its
own lengths: they are refused.

Sources: akenza device-type-library, smartEnds/brighterBins, with three frames of the vendor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading, refuse

Bits = Callable[[int, int], int]
"""`bits(start, width)`: the number that stands there."""

_DISTANCE_CODES: Final = {
    511: (Code.SENSOR_FAULT, "the distance module does not answer"),
    510: (Code.SENSOR_FAULT, "the laser is not configured"),
}


def _data(payload: bytes, _params: Params) -> Decoded:
    kind = payload[-1] & 3
    within = payload[-1] >> 2 & 7 if kind == 3 else 0
    read = _READERS.get((len(payload), kind, within))
    if read is None:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"kind {kind}/{within} with {len(payload)} bytes", payload[-1])
    word, length = int.from_bytes(payload), 8 * len(payload)
    return read(lambda start, width: word >> (length - start - width) & ((1 << width) - 1))


def _battery(raw: int) -> Status:
    return {} if raw == 63 else {"battery_pct": raw * 2}


def _fill(raw: int, issues: list[Issue]) -> float | None:
    if raw != 127:
        return float(raw)
    issues.append(Issue(Code.SENSOR_FAULT, "fill_reported_pct", raw, "the device does not know it"))
    return None


def _distance(raw: int, issues: list[Issue]) -> float | None:
    if raw not in _DISTANCE_CODES:
        return raw * 10.0
    code, detail = _DISTANCE_CODES[raw]
    issues.append(Issue(code, "distance_mm", raw, detail))
    return None


def _answer(
    values: Values, battery: int, temperature: int, status: Status, issues: list[Issue], events: tuple[Event, ...] = ()
) -> Decoded:
    values["temperature_c"] = temperature - 40.0
    if battery != 63:
        values["battery_pct"] = battery * 2.0
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), status, events, issues)


def _short_fill(bits: Bits) -> Decoded:
    issues: list[Issue] = []
    return _answer({"fill_reported_pct": _fill(bits(15, 7), issues)}, bits(2, 6), bits(8, 7), {}, issues)


def _short_distance(bits: Bits) -> Decoded:
    issues: list[Issue] = []
    return _answer({"distance_mm": _distance(bits(13, 9), issues)}, bits(0, 6), bits(6, 7), {}, issues)


def _system(bits: Bits) -> Decoded:
    status: Status = {
        "hardware": str(bits(30, 6)),
        "firmware": f"{bits(42, 2)}.{bits(36, 6)}.{bits(44, 6)}",
        "resets": bits(54, 7),
        "run_time": bits(61, 12),
        "battery_v": (22 + bits(87, 4)) / 10,
    }
    return Decoded(Kind.STATUS, status=status | _battery(bits(81, 6)))


def _axes(bits: Bits, start: int) -> Status:
    return {f"{axis}_deg": bits(start + 5 * number, 5) * 6 - 90 for number, axis in enumerate("zyx")}


def _long_distance(bits: Bits) -> Decoded:
    issues: list[Issue] = []
    return _answer({"distance_mm": _distance(bits(57, 9), issues)}, bits(44, 6), bits(50, 7), _axes(bits, 27), issues)


def _long_fill(bits: Bits) -> Decoded:
    issues: list[Issue] = []
    return _answer({"fill_reported_pct": _fill(bits(59, 7), issues)}, bits(44, 6), bits(50, 7), _axes(bits, 27), issues)


def _pick_up(bits: Bits) -> Decoded:
    issues: list[Issue] = []
    happened = (("tamper", bits(48, 1)), ("fire_alarm", bits(64, 1)), ("pick_up", bits(67, 1)))
    events = tuple([Event(code) for code, raised in happened if raised])
    return _answer(
        {"distance_mm": _distance(bits(81, 9), issues)}, bits(68, 6), bits(74, 7), _axes(bits, 49), issues, events
    )


def _long_system(bits: Bits) -> Decoded:
    status: Status = {"hardware": str(bits(16, 8)), "firmware": f"{bits(24, 16):04x}", "resets": bits(51, 6)}
    return Decoded(Kind.STATUS, status=status)


_READERS: Final[dict[tuple[int, int, int], Callable[[Bits], Decoded]]] = {
    (3, 0, 0): _short_fill,
    (3, 1, 0): _short_distance,
    (12, 2, 0): _system,
    (9, 3, 0): _long_distance,
    (12, 3, 1): _pick_up,
    (9, 3, 3): _long_system,
    (9, 3, 5): _long_fill,
}
"""Bytes, kind, kind within, to how it is read."""

DECODER: Final = Decoder(
    key="smartends_brighterbins",
    vendor="SmartEnds",
    models=("BrighterBins",),
    kind="level",
    ports=(1,),
    quantities=("distance_mm", "fill_reported_pct", "temperature_c", "battery_pct"),
    document="BrighterBins payload description, as in akenza device-type-library smartEnds/brighterBins",
    decode=by_port({1: _data}),
    aliases=("Brighter Bins", "BrighterBin", "SmartEnds BrighterBins", "SE BrighterBins"),
)
