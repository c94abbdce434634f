"""Elsys: a chain of items `type (1) value (n)`, big endian, alike for all models. fPort 5 unless another one is set.

    01 temperature, signed 2 bytes, 0.1 °C       02 relative humidity, 1 byte, %
    07 battery, 2 bytes, mV                      0e distance, 2 bytes, mm; 0 and ffff no echo

What else a model may send is kept in the status, for it says nothing about a level:

    03 acceleration, 3 of signed 1       04 light, 2, lx               05 movements, 1
    06 CO2, 2, ppm                       08, 18 analog inputs, 2, mV   09 place, 2 of signed 3, little endian, 0.0001°
    0a, 16 pulses, 2                     0b, 17 all pulses, 4          0c, 19 external temperature, signed 2, 0.1 °C
    0d, 1a digital inputs, 1             0f movements felt, 1          10 infrared temperatures, 2 of signed 2, 0.1 °C
    11 occupancy, 1                      12 water leak, 1              13 heat picture, 65
    14 pressure, signed 4, 0.001 hPa     15 sound, 2 of 1              1b analog input, signed 4, µV
    1c TVOC, 2, ppb                      1d to 24 of indoor models, 1 or 2
    3b bytes, 1 for their number         3c checksum, 4                3d for the vendor, 4

    3e settings, 1 byte for their length; fPort 6

The length of a value follows from its type only, so an unknown type makes the rest unreadable: the frame is refused,
unless the parameter `lenient` is set; then what stood before it is kept.

Sources: ELSYS "Sensor payload" document; vendor decoder in the LoRaWAN device catalogue; akenza's reader of the same
models, which names 1d to 24.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from decoders.families.items import Found
from decoders.frame import Status, by_port, check_limits, mirror_condition
from decoders.model import Code, Decode, Decoded, Issue, Kind, Params, Reading

PORTS: Final = (1, 5, 6)
_SETTINGS, _BYTES, _DISTANCE, _PLACE, _PRESSURE, _EXTERNAL = 0x3E, 0x3B, 0x0E, 0x09, 0x14, 0x19
_NO_ECHO: Final = {0, 0xFFFF}
_PRESSURE_HPA: Final = (300, 1200)


class _Item(NamedTuple):
    """`names`: quantity keys when `measured`, else keys of the status."""

    layout: Struct
    names: tuple[str, ...]
    divisor: int = 1
    measured: bool = False


def _number(layout: str, name: str, divisor: int = 1) -> _Item:
    return _Item(Struct(">" + layout), (name,), divisor)


_ITEMS: Final = {
    0x01: _Item(Struct(">h"), ("temperature_c",), 10, measured=True),
    0x02: _Item(Struct(">B"), ("humidity_pct",), measured=True),
    0x07: _Item(Struct(">H"), ("battery_v",), 1000, measured=True),
    _DISTANCE: _Item(Struct(">H"), ("distance_mm",), measured=True),
    0x03: _Item(Struct(">bbb"), ("acceleration_x", "acceleration_y", "acceleration_z")),
    0x04: _number("H", "light_lx"),
    0x05: _number("B", "movements"),
    0x06: _number("H", "co2_ppm"),
    0x08: _number("H", "analog_mv"),
    _PLACE: _Item(Struct(">6s"), ("place",)),
    0x0A: _number("H", "pulses"),
    0x0B: _number("I", "pulses_all"),
    0x0C: _number("h", "external_temperature_c", 10),
    0x0D: _number("B", "digital"),
    0x0F: _number("B", "movements_felt"),
    0x10: _Item(Struct(">hh"), ("infrared_inside_c", "infrared_outside_c"), 10),
    0x11: _number("B", "occupancy"),
    0x12: _number("B", "water_leak"),
    0x13: _Item(Struct(">65s"), ("heat_picture",)),
    _PRESSURE: _number("i", "pressure_hpa", 1000),
    0x15: _Item(Struct(">BB"), ("sound_peak_db", "sound_average_db")),
    0x16: _number("H", "pulses_2"),
    0x17: _number("I", "pulses_2_all"),
    0x18: _number("H", "analog_2_mv"),
    _EXTERNAL: _number("h", "external_temperature_2_c", 10),
    0x1A: _number("B", "digital_2"),
    0x1B: _number("i", "analog_uv"),
    0x1C: _number("H", "tvoc_ppb"),
    0x1D: _number("B", "iaq"),
    0x1E: _number("B", "boolean"),
    0x1F: _number("b", "number_8"),
    0x20: _number("h", "number_16"),
    0x21: _number("B", "view"),
    0x22: _number("h", "setpoint_c", 10),
    0x23: _number("B", "fan_speed"),
    0x24: _number("B", "external_humidity_pct"),
    0x3C: _number("I", "checksum"),
    0x3D: _number("I", "debug"),
}


def _measurement(found: Found, kind: int, key: str, raw: int, divisor: int) -> None:
    if kind == _DISTANCE and raw in _NO_ECHO:
        found.issues.append(Issue(Code.NO_ECHO, key, raw, "no echo"))
        found.put(key, None)
    else:
        found.put(key, raw / divisor)


def _condition(found: Found, kind: int, item: _Item, payload: bytes, at: int) -> None:
    values = item.layout.unpack_from(payload, at)
    if kind == _PLACE:
        for name, raw in (("latitude", payload[at : at + 3]), ("longitude", payload[at + 3 : at + 6])):
            found.status[name] = int.from_bytes(raw, "little", signed=True) / 10_000
        return
    for name, value in zip(item.names, values, strict=True):
        if isinstance(value, bytes):
            found.status[name] = value.hex()
        elif kind == _PRESSURE and not _PRESSURE_HPA[0] <= value / item.divisor <= _PRESSURE_HPA[1]:
            found.issues.append(Issue(Code.OUT_OF_RANGE, name, value, "no air has this pressure"))
        else:
            found.status[_free(found.status, name) if kind == _EXTERNAL else name] = value / item.divisor


def _free(status: Status, name: str) -> str:
    """Several probes send the same type one after another: 2, 3, 4 ..."""
    number = 2
    while name.replace("2", str(number)) in status:
        number += 1
    return name.replace("2", str(number))


def _read(payload: bytes, params: Params) -> Decoded:
    if payload[0] == _SETTINGS:
        return _settings(payload)
    found, at, size = Found(), 0, len(payload)
    while at < size:
        kind = payload[at]
        item = _ITEMS.get(kind)
        if item is not None:
            after = at + 1 + item.layout.size
        elif kind == _BYTES and at + 1 < size:
            after = at + 2 + payload[at + 1]
        else:
            break
        if after > size:
            break
        if item is None:
            found.status["bytes_hex"] = payload[at + 2 : after].hex()
        elif item.measured:
            _measurement(found, kind, item.names[0], item.layout.unpack_from(payload, at + 1)[0], item.divisor)
        else:
            _condition(found, kind, item, payload, at + 1)
        at = after
    if at == size:
        return _finish(found, b"")
    return _broken_off(found, payload, at, lenient=params.get("lenient") is True)


def _settings(payload: bytes) -> Decoded:
    length = payload[1] if len(payload) > 1 else 0
    if len(payload) != length + 2:
        detail = f"settings of {length} bytes in a frame of {len(payload)}"
        return Decoded(Kind.ERROR, issues=(Issue(Code.TOO_SHORT, None, len(payload), detail),), unparsed=payload)
    return Decoded(Kind.CONFIG, status={"settings_hex": payload[2:].hex()})


def _finish(found: Found, unparsed: bytes) -> Decoded:
    for values in found.every:
        check_limits(values, found.issues)
    readings = tuple([Reading(values) for values in found.every if values])
    mirror_condition(readings, found.status)
    kind = Kind.TELEMETRY if readings else Kind.STATUS
    return Decoded(kind, readings, found.status, (), tuple(found.issues), unparsed)


def _broken_off(found: Found, payload: bytes, at: int, *, lenient: bool) -> Decoded:
    """The frame could be read only up to `at`: its next item is cut short, or unknown."""
    tail = payload[at:]
    cut = tail[0] in _ITEMS or tail[0] == _BYTES
    detail = f"type {tail[0]:02x} at byte {at} is {'not whole' if cut else 'unknown'}; {len(tail)} bytes not read"
    issue = Issue(Code.TOO_SHORT if cut else Code.UNKNOWN_ITEM, None, tail[0], detail)
    if at == 0 or not lenient:
        return Decoded(Kind.ERROR, issues=(issue,), unparsed=tail)
    found.issues.append(issue)
    return _finish(found, tail)


DECODE: Final[Decode] = by_port(dict.fromkeys(PORTS, _read))
"""The decode function of all models of the vendor."""
