"""Pepperl+Fuchs WILSEN.sonic, fPort 1: a chain of items `length (1) id (2) value (length - 2)`, big endian.

    02 01   temperature, float, °C               0b 01   distance, cm (2)           0b 02   distance, mm (2)
    0b 06   fill level, % (1)                    0b 07   amplitude of the echo (1)  0b 08   water level, mm (2)
    51 01   battery, 0.1 V (1)                   50 01   latitude, signed, 1e-6° (4)
    50 02   longitude, signed, 1e-6° (4)         2a 25   serial number, text        2a 26   serial number (6)
    31 01   transmissions (2)                    31 02   GPS positions (2)          31 03   ultrasonic measurements (4)
    f1 xx to f4 xx: an answer to a downlink with settings

The device sends three frames: what it measured (payload 1), the same with its place (2), and its counters (3). A length
that does not fit its id, or an id of another WILSEN, refuses the frame. A distance of ffff is no echo. The vendor's own
codec and app give the temperature with one decimal; the float carries more digits than the sensor has.

Sources: Pepperl+Fuchs "WILSEN.sonic payload description"; the vendor's codec in TheThingsNetwork/lorawan-devices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from struct import Struct
from typing import Final

from decoders.families.items import Found
from decoders.frame import assemble, by_port, check_limits
from decoders.model import Code, Decode, Decoded, Issue, Kind, Params, Reading, refuse

PORT: Final = 1
QUANTITIES: Final = (*("distance_mm", "depth_mm", "fill_reported_pct", "echo_quality", "temperature_c", "battery_v"),)
Read = Callable[[bytes, "Found"], None]
_FLOAT: Final = Struct(">f")
_NO_ECHO: Final = 0xFFFF


def _number(key: str, factor: float) -> Read:
    def read(raw: bytes, found: Found) -> None:
        found.put(key, int.from_bytes(raw) * factor)

    return read


def _distance(key: str, factor: float) -> Read:
    def read(raw: bytes, found: Found) -> None:
        word = int.from_bytes(raw)
        if word == _NO_ECHO:
            found.issues.append(Issue(Code.NO_ECHO, key, word, "the code for no echo"))
        found.put(key, None if word == _NO_ECHO else word * factor)

    return read


def _temperature(raw: bytes, found: Found) -> None:
    (value,) = _FLOAT.unpack(raw)
    if isfinite(value):
        found.put("temperature_c", round(value, 1))
        return
    found.put("temperature_c", None)
    found.issues.append(Issue(Code.NOT_FINITE, "temperature_c", raw.hex(), "not a finite number"))


def _battery(raw: bytes, found: Found) -> None:
    found.put("battery_v", raw[0] / 10)


def _place(key: str) -> Read:
    def read(raw: bytes, found: Found) -> None:
        found.status[key] = int.from_bytes(raw, signed=True) / 1_000_000

    return read


def _count(key: str) -> Read:
    def read(raw: bytes, found: Found) -> None:
        found.status[key] = int.from_bytes(raw)

    return read


def _serial(raw: bytes, found: Found) -> None:
    found.status["serial_number"] = raw.decode("ascii", "replace").strip("\0 ")


_ITEMS: Final[Mapping[bytes, tuple[int, Read]]] = {
    b"\x02\x01": (4, _temperature),
    b"\x0b\x01": (2, _distance("distance_mm", 10.0)),
    b"\x0b\x02": (2, _distance("distance_mm", 1.0)),
    b"\x0b\x06": (1, _number("fill_reported_pct", 1.0)),
    b"\x0b\x07": (1, _number("echo_quality", 1.0)),
    b"\x0b\x08": (2, _distance("depth_mm", 1.0)),
    b"\x2a\x25": (14, _serial),
    b"\x2a\x26": (6, _count("serial_number")),
    b"\x31\x01": (2, _count("transmissions")),
    b"\x31\x02": (2, _count("positions")),
    b"\x31\x03": (4, _count("measurements")),
    b"\x50\x01": (4, _place("latitude")),
    b"\x50\x02": (4, _place("longitude")),
    b"\x51\x01": (1, _battery),
}
_SETTINGS: Final = frozenset(b"\xf1\xf2\xf3\xf4")


def _read(payload: bytes, _params: Params) -> Decoded:
    if len(payload) > 1 and payload[1] in _SETTINGS:
        return Decoded(Kind.CONFIG, status={"settings_hex": payload.hex()})
    found, at, size = Found(), 0, len(payload)
    while at < size:
        after = at + 1 + payload[at]
        name = payload[at + 1 : at + 3]
        item = _ITEMS.get(name)
        if item is None or after > size:
            return _refuse(payload, at, is_cut=item is not None or len(name) < 2)
        if after - at - 3 != item[0]:
            detail = f"item {name.hex(' ')} with {after - at - 3} bytes where it has {item[0]}"
            return refuse(Code.WRONG_LENGTH, payload, detail, name.hex(" "))
        item[1](payload[at + 3 : after], found)
        at = after
    return _finish(found)


def _refuse(payload: bytes, at: int, *, is_cut: bool) -> Decoded:
    name = payload[at + 1 : at + 3].hex(" ")
    code = Code.TOO_SHORT if is_cut else Code.UNKNOWN_ITEM
    return refuse(code, payload, f"item {name} at byte {at} is {'not whole' if is_cut else 'unknown'}", name)


def _finish(found: Found) -> Decoded:
    if len(found.every) == 1 and found.status and found.values.keys() <= {"battery_v"}:
        return Decoded(Kind.STATUS, status=found.status | {k: v for k, v in found.values.items() if v is not None})
    for values in found.every:
        check_limits(values, found.issues)
    readings = tuple([Reading(values) for values in found.every])
    return assemble(Kind.TELEMETRY, readings, found.status, issues=found.issues)


DECODE: Final[Decode] = by_port({PORT: _read})
"""Reads the frames of both models; they differ in which items they send as delivered."""
