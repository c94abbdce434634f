"""Sensefarm CUBE01 and CUBE02: up to eight soil tension probes and thermometers, LoRaWAN.

A chain of items, big endian: type in the upper 5 bits, number of the sensor in the lower 3 (1), then the value:

    01 temperature, float, °C (4)      02 humidity, 0.01 % (2)       03 acceleration (6)        04 light (4)
    05 analog (2)                      06 battery, mV (2)            07 altitude (4)            08 pulses (2)
    09 pulses (4)                      0a rotation (2)               0b rotation (4)            0c radio (2)
    0d place, two floats (8)           0e place, two doubles (16)    0f wind (2)                10 wind (2)
    11 state (1)                       12 misc. (4)                  13 resistance, Ohm (4)     14 identifier (8)
    15 soil water tension, kPa (2)     16 reason, 6 is normal (1)    17 protocol version (2)
    00 proprietary: the rest of the frame

The protocol names no fPort; 1 and 2 are read. Sensor 0 of temperature is the device's own, the others are channels "2"
and up; tensions are channels "1" and up. A probe whose resistance is 10230005 Ohm is not there, and sends no tension.

Sources: Sensefarm/protocols on GitHub, "Sensefarm-LPP.md", and the frames in the vendor's decoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from struct import unpack_from
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_SIZES: Final[Mapping[int, int]] = {
    0x01: 4,
    0x02: 2,
    0x03: 6,
    0x04: 4,
    0x05: 2,
    0x06: 2,
    0x07: 4,
    0x08: 2,
    0x09: 4,
    0x0A: 2,
    0x0B: 4,
    0x0C: 2,
    0x0D: 8,
    0x0E: 16,
    0x0F: 2,
    0x10: 2,
    0x11: 1,
    0x12: 4,
    0x13: 4,
    0x14: 8,
    0x15: 2,
    0x16: 1,
    0x17: 2,
}
_PROPRIETARY: Final = 0x00
_NO_PROBE: Final = 10_230_005


class _Found:
    """What the items of one frame have said so far. `probes`: values by channel, None for the device itself."""

    __slots__ = ("issues", "probes", "status")

    def __init__(self) -> None:
        self.probes: dict[str | None, Values] = {}
        self.status: Status = {}
        self.issues: list[Issue] = []

    def put(self, channel: str | None, key: str, value: float | None) -> None:
        """Take the value of a channel."""
        self.probes.setdefault(channel, {})[key] = value


def _data(payload: bytes, _params: Params) -> Decoded:
    found, at, size = _Found(), 0, len(payload)
    while at < size:
        kind, number = payload[at] >> 3, payload[at] & 7
        if kind == _PROPRIETARY:
            found.status["proprietary_hex"] = payload[at + 1 :].hex()
            break
        length = _SIZES.get(kind)
        if length is None or at + 1 + length > size:
            code, what = (Code.UNKNOWN_ITEM, "unknown") if length is None else (Code.TOO_SHORT, "not whole")
            return refuse(code, payload, f"item {payload[at]:02x} at byte {at} is {what}", f"{payload[at]:02x}")
        _take(found, kind, number, payload[at + 1 : at + 1 + length])
        at += 1 + length
    return _finish(found)


def _take(found: _Found, kind: int, number: int, raw: bytes) -> None:
    if kind == 0x01:
        _temperature(found, number, raw)
    elif kind == 0x02:
        found.put(None, "humidity_pct", int.from_bytes(raw) / 100)
    elif kind == 0x06:
        found.put(None, "battery_v", int.from_bytes(raw) / 1000)
    elif kind == 0x13 and int.from_bytes(raw) == _NO_PROBE:
        found.put(str(number + 1), "soil_tension_kpa", None)
        found.issues.append(Issue(Code.NOT_CONNECTED, "soil_tension_kpa", _NO_PROBE, "no probe at this input"))
    elif kind == 0x15:
        found.put(str(number + 1), "soil_tension_kpa", float(int.from_bytes(raw)))
    elif kind == 0x16:
        found.status["reason"] = raw[0]
    elif kind == 0x17:
        found.status["protocol"] = int.from_bytes(raw)


def _temperature(found: _Found, number: int, raw: bytes) -> None:
    (value,) = unpack_from(">f", raw)
    channel = str(number + 1) if number else None
    found.put(channel, "temperature_c", value if isfinite(value) else None)
    if not isfinite(value):
        found.issues.append(Issue(Code.NOT_FINITE, "temperature_c", raw.hex(), "the temperature is no number"))


def _finish(found: _Found) -> Decoded:
    for values in found.probes.values():
        check_limits(values, found.issues)
    readings = tuple([Reading(values, channel=channel) for channel, values in found.probes.items()])
    kind = Kind.TELEMETRY if readings else Kind.STATUS
    return assemble(kind, readings, found.status, issues=found.issues)


DECODER: Final = Decoder(
    key="sensefarm_cube",
    vendor="Sensefarm",
    models=("CUBE01", "CUBE02"),
    kind="soil",
    ports=(1, 2),
    quantities=("soil_tension_kpa", "temperature_c", "humidity_pct", "battery_v"),
    document="Sensefarm/protocols, Sensefarm-LPP.md",
    decode=by_port({1: _data, 2: _data}),
    aliases=("Sensefarm CUBE01", "Sensefarm CUBE02", "CUBE01/02", "Sensefarm CUBE", "CUBE"),
)
