"""Keller pressure loggers, big endian.

fPort 1, measurement:

    0     01                      1     device type: which channel is which
    2-3   mask of the channels that follow, bit 0 the first
    4-    a float (4) for each, in order; pressures in bar, temperatures in °C

fPort 4, device information, 20 bytes:

    0     0c                      2-5   class, group, year, week of the firmware
    6-9   serial number           10-13 clock, seconds since 2000
    14-17 battery, float, V       18    battery, %            19    humidity in the housing, %

The pressure of the water is P1 - PBaro or, where the device has two pressure sensors, P1 - P2. The depth follows from
it with g = 9.80665 m/s² and the parameter `density_kg_l`, 1 for fresh water. A probe that is not connected shows as a
pressure that cannot be.

Sources: Keller "LoRaWAN payload information", docs.pressuresuite.com; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, keller.
"""

from __future__ import annotations

from math import isfinite
from struct import Struct, unpack_from
from typing import Final

from decoders.frame import Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decode, Decoded, Issue, Kind, Params, Reading, refuse

MEASURED, INFORMATION = 1, 4
QUANTITIES: Final = ("pressure_kpa", "depth_mm", "temperature_c")
PARAMS: Final = ("density_kg_l",)
_KPA_PER_BAR: Final = 100
_MM_PER_KPA: Final = 1000 / 9.80665  # of water with 1 kg/L
_INFORMATION: Final = Struct(">BxBBBBIIfBB")

_CHANNELS: Final[dict[int, tuple[str, ...]]] = {
    **dict.fromkeys((0, 1), ("pd", "p1", "p2", "t", "tob1", "tob2")),
    **dict.fromkeys((2, 3), ("pd", "p1", "p2", "t", "tob1", "tob2", "pbaro", "tbaro")),
    **dict.fromkeys((4, 5), ("pd", "p1", "p2", "t", "tob1", "tob2", "pbaro", "tbaro", "", "", "")),
    6: ("pd", "p1", "p2", "t", "tob1", "tob2", "pbaro", "tbaro", "", "", "", "", "", "", ""),
    7: ("pbaro", "tbaro", *[""] * 12),
    8: ("p1", "tob1", "", "", "", "", "", "", "", "", "", "", "pbaro", "tbaro", ""),
    **dict.fromkeys((9, 10), ("pd", "p1", "p2", "", "tob1", "tob2", "pbaro", "tbaro", "", "", "", "")),
    11: ("p1", "tob1", "", "", "", "", "", "", "", "", "", "", "pbaro", "tbaro", ""),
    13: ("p1", "p2", "tob1", "tob2", "", "", "", "", "pbaro", "tbaro", "", "", ""),
}
"""Device type to what each channel is; "" for what has no quantity here (counters, voltages, further probes)."""


def _measured(payload: bytes, params: Params) -> Decoded:
    if len(payload) < 4:
        return refuse_length(payload, 4)
    channels = _CHANNELS.get(payload[1])
    mask = int.from_bytes(payload[2:4])
    if payload[0] != 1 or channels is None or mask >> len(channels):
        return refuse(Code.UNKNOWN_VARIANT, payload, "another function, device type or channel", payload[:4].hex())
    count = mask.bit_count()
    if len(payload) != 4 + 4 * count:
        return refuse_length(payload, 4 + 4 * count)
    present = [name for bit, name in enumerate(channels) if mask >> bit & 1]
    measured = dict(zip(present, unpack_from(f">{count}f", payload, 4), strict=True))
    issues: list[Issue] = []
    values = _values(measured, params, issues)
    if not values:
        return Decoded(Kind.STATUS, status={"device_type": payload[1]})
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {"device_type": payload[1]}, issues=issues)


def _values(measured: dict[str, float], params: Params, issues: list[Issue]) -> Values:
    values: Values = {}
    pressure = _pressure_bar(measured)
    if pressure is not None:
        _put("pressure_kpa", pressure * _KPA_PER_BAR, values, issues)
        _put("depth_mm", pressure * _KPA_PER_BAR * _MM_PER_KPA / _density(params), values, issues)
    for name in ("tob1", "t", "tbaro"):
        if name in measured:
            _put("temperature_c", measured[name], values, issues)
            break
    return values


def _pressure_bar(measured: dict[str, float]) -> float | None:
    if "pd" in measured:
        return measured["pd"]
    if "p1" in measured and "pbaro" in measured:
        return measured["p1"] - measured["pbaro"]
    return None


def _density(params: Params) -> float:
    density = params.get("density_kg_l")
    return density if isinstance(density, float | int) and 0.5 <= density <= 2 else 1.0


def _put(key: str, value: float, values: Values, issues: list[Issue]) -> None:
    values[key] = value if isfinite(value) else None
    if not isfinite(value):
        issues.append(Issue(Code.NOT_FINITE, key, str(value), "the channel's value is no number"))


def _information(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _INFORMATION.size:
        return refuse_length(payload, _INFORMATION.size)
    function, family, group, year, week, serial, _clock, volt, percent, _humidity = _INFORMATION.unpack(payload)
    if function != 0x0C:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"function {function:02x} is no device information", function)
    status: dict[str, float | str | bool] = {
        "class_group": f"{family:02}.{group:02}",
        "firmware": f"{year:02}.{week:02}",
        "serial_number": serial,
        "battery_pct": percent,
    }
    if isfinite(volt):
        status["battery_v"] = round(volt, 3)
    return Decoded(Kind.STATUS, status=status)


DECODE: Final[Decode] = by_port({MEASURED: _measured, INFORMATION: _information})
"""Reads the frames of all models; they differ in which channels they send."""
