"""VEGA VEGAPULS Air 41 and 42: radar distance and level, LoRaWAN.

fPort 1 to 4, big endian: byte 0 says which blocks follow, in this order:

    N   NAMUR NE 107 state (1): 0 good, 1 function check, 2 maintenance, 3 out of specification, 4 failure
    D   measured value, float (4), and its unit (1): 2c ft, 2d m, 2f in, 30 cm, 31 mm, 39 %
    P   percent and linearized percent, signed, 0.01 % (2 each), scaled value, float (4), and its unit (1)
    B   battery, % (1)
    G   latitude, longitude, float (4 each); not a number where there is none
    S   detailed state (4)
    T   temperature, signed, 0.1 of its unit (2); from packet 8 on its unit (1): 20 °C, 21 °F
    I   inclination, ° (1)

    2 N D B T I        3 N D B T G I       4 N D B T S I       5 N D B T G S I     6 N G        7 N S
    8 D B T I          9 D B G T I        10 N D B S T I      11 N D B G S T I
    12 D P B T I      13 D P B G T I      14 N D P B S T I    15 N D P B G S T I
    18 D B T I        19 N D B I          20 N S T            21 N G              22 N P
    16, 17, 23 to 26: device information, kept as it came

A value of 8000 and a float that is no number are invalid. In the states function check, out of specification and
failure the measured value is not one; with a request for maintenance it still is.

Sources: VEGA "VEGAPULS Air 41/42 operating instructions", section "Data transmission LoRaWAN"; akenza
device-type-library, vegapulse, with a frame of a device; HART unit codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from struct import unpack_from
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_PORTS: Final = (1, 2, 3, 4)
_PACKETS: Final = {
    2: "NDBtI",
    3: "NDBtGI",
    4: "NDBtSI",
    5: "NDBtGSI",
    6: "NG",
    7: "NS",
    8: "DBTI",
    9: "DBGTI",
    10: "NDBSTI",
    11: "NDBGSTI",
    12: "DPBTI",
    13: "DPBGTI",
    14: "NDPBSTI",
    15: "NDPBGSTI",
    18: "DBTI",
    19: "NDBI",
    20: "NST",
    21: "NG",
    22: "NP",
}
_INFORMATION: Final = frozenset({16, 17, 23, 24, 25, 26})
_SIZES: Final = {"N": 1, "D": 5, "P": 9, "B": 1, "G": 8, "S": 4, "T": 3, "t": 2, "I": 1}
_LENGTHS: Final = {packet: 1 + sum(_SIZES[block] for block in blocks) for packet, blocks in _PACKETS.items()}
_MILLIMETRES: Final = {0x2C: 304.8, 0x2D: 1000.0, 0x2F: 25.4, 0x30: 10.0, 0x31: 1.0}
_PERCENT, _FAHRENHEIT = 0x39, 0x21
_INVALID: Final = -0x8000
_BAD_STATES: Final = frozenset({1, 3, 4})
_STATES: Final = ("good", "function_check", "maintenance_request", "out_of_specification", "failure")


class _Found:
    """What the blocks of one frame have said so far."""

    __slots__ = ("issues", "state", "status", "values")

    def __init__(self) -> None:
        self.values: Values = {}
        self.status: Status = {}
        self.issues: list[Issue] = []
        self.state = 0

    def refuse(self, key: str, code: Code, raw: float | str, detail: str) -> None:
        self.values[key] = None
        self.issues.append(Issue(code, key, raw, detail))


def _state(found: _Found, payload: bytes, at: int) -> None:
    found.state = payload[at]
    found.status["namur"] = _STATES[found.state] if found.state < len(_STATES) else str(found.state)


def _measured(found: _Found, payload: bytes, at: int) -> None:
    value, unit = unpack_from(">fB", payload, at)
    key = "fill_reported_pct" if unit == _PERCENT else "distance_mm"
    factor = 1.0 if unit == _PERCENT else _MILLIMETRES.get(unit)
    if factor is None:
        found.refuse(key, Code.OUT_OF_RANGE, unit, f"unit {unit:02x} is not a length")
    elif not isfinite(value):
        found.refuse(key, Code.NOT_FINITE, payload[at : at + 4].hex(), "the measured value is no number")
    elif found.state in _BAD_STATES:
        found.refuse(key, Code.SENSOR_FAULT, value, f"NAMUR state {found.state}")
    else:
        found.values[key] = value * factor


def _percent(found: _Found, payload: bytes, at: int) -> None:
    plain, linear = unpack_from(">hh", payload, at)
    valid = linear if linear != _INVALID else plain
    if valid == _INVALID:
        found.refuse("fill_reported_pct", Code.SENSOR_FAULT, valid, "both percentages are invalid")
    elif found.state in _BAD_STATES:
        found.refuse("fill_reported_pct", Code.SENSOR_FAULT, valid, f"NAMUR state {found.state}")
    else:
        found.values["fill_reported_pct"] = valid / 100


def _battery(found: _Found, payload: bytes, at: int) -> None:
    found.values["battery_pct"] = float(payload[at])


def _place(found: _Found, payload: bytes, at: int) -> None:
    latitude, longitude = unpack_from(">ff", payload, at)
    if isfinite(latitude) and isfinite(longitude):
        found.status["latitude"] = round(latitude, 6)
        found.status["longitude"] = round(longitude, 6)


def _detail(found: _Found, payload: bytes, at: int) -> None:
    found.status["detailed_state"] = payload[at : at + 4].hex()


def _temperature(found: _Found, payload: bytes, at: int) -> None:
    raw = int.from_bytes(payload[at : at + 2], signed=True)
    if raw == _INVALID:
        found.refuse("temperature_c", Code.SENSOR_FAULT, raw, "the temperature is invalid")
    else:
        found.values["temperature_c"] = raw / 10


def _temperature_with_unit(found: _Found, payload: bytes, at: int) -> None:
    _temperature(found, payload, at)
    value = found.values["temperature_c"]
    if value is not None and payload[at + 2] == _FAHRENHEIT:
        found.values["temperature_c"] = (value - 32) / 1.8


def _inclination(found: _Found, payload: bytes, at: int) -> None:
    found.values["tilt_deg"] = float(payload[at])


_READERS: Final[Mapping[str, Callable[[_Found, bytes, int], None]]] = {
    "N": _state,
    "D": _measured,
    "P": _percent,
    "B": _battery,
    "G": _place,
    "S": _detail,
    "T": _temperature_with_unit,
    "t": _temperature,
    "I": _inclination,
}


def _data(payload: bytes, _params: Params) -> Decoded:
    packet = payload[0]
    if packet in _INFORMATION:
        return Decoded(Kind.STATUS, status={"packet": packet, "information_hex": payload[1:].hex()})
    blocks = _PACKETS.get(packet)
    if blocks is None:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"packet {packet} is not known", packet)
    if len(payload) != _LENGTHS[packet]:
        code = Code.TOO_SHORT if len(payload) < _LENGTHS[packet] else Code.WRONG_LENGTH
        return refuse(code, payload, f"{len(payload)} bytes where packet {packet} has {_LENGTHS[packet]}", len(payload))
    found, at = _Found(), 1
    for block in blocks:
        _READERS[block](found, payload, at)
        at += _SIZES[block]
    if not found.values:
        return Decoded(Kind.STATUS, status=found.status)
    check_limits(found.values, found.issues)
    return assemble(Kind.TELEMETRY, (Reading(found.values),), found.status, issues=found.issues)


DECODER: Final = Decoder(
    key="vega_vegapuls_air",
    vendor="VEGA",
    models=("VEGAPULS Air 41", "VEGAPULS Air 42", "VEGAPULS Air 23"),
    kind="level",
    ports=_PORTS,
    quantities=("distance_mm", "fill_reported_pct", "temperature_c", "tilt_deg", "battery_pct"),
    document="VEGA VEGAPULS Air 41/42 operating instructions, section Data transmission LoRaWAN",
    decode=by_port(dict.fromkeys(_PORTS, _data)),
    aliases=("VEGAPULS Air", "VEGAPULS Air 41/42", "VEGAPULS-AIR", "VEGA VEGAPULS Air", "vegapulseAir"),
)
