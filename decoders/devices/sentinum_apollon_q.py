"""Sentinum Apollon-Q: time-of-flight or radar fill level of bins, LoRaWAN and mioty. Variants T, R, TR, ACC, HALL.

fPort 1, big endian, 9 bytes and the blocks that the variant has:

    0     upper nibble: base id; lower: major version
    1     upper nibble: minor version; lower, product: bit 0 time of flight, 1 radar, 2 accelerometer, 3 Hall sensor
    2     counter of frames         3-4   battery, mV         5   temperature, °C, plus 128
    6     01: sent because of an alarm    7-8   distance, mm: that of the sensor which the device trusts

    time of flight, 4 bytes     0 status, 0 is good; 1-2 distance, mm; 3 index
    radar, 14 bytes             0 status, 0 is good; 1 number of peaks; three times distance, mm (2) and strength (2)
    accelerometer, 6 bytes      0 status; 1 orientation; 2 open; 3-4 times opened; 5 impact
    Hall sensor, 3 bytes        0 open; 1-2 times opened

When no sensor of distance has a good status, the distance is not one. The strength of the first radar peak is the echo.

Firmware with a higher minor version may add bytes at the end. Such a frame is refused, for its length is not known;
with the parameter `lenient` what stood before is kept.

fPort 192 and 197: what GNSS and Wi-Fi heard, kept as it came.

Sources: docs.sentinum.de, "Apollon-Q T/R/TR Payload Description"; akenza device-type-library, sentinum/apollonQ, whose
distance in cm divides one byte only.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading, refuse

_HEAD: Final = Struct(">BBBHBBH")
_TOF, _RADAR, _ACCELEROMETER, _HALL = 1, 2, 4, 8
_BLOCKS: Final = ((_TOF, 4), (_RADAR, 14), (_ACCELEROMETER, 6), (_HALL, 3))
_LENGTHS: Final = [_HEAD.size + sum(size for bit, size in _BLOCKS if product & bit) for product in range(16)]
_ALARM: Final = (Event("alarm"),)


def _data(payload: bytes, params: Params) -> Decoded:
    if len(payload) < _HEAD.size:
        return refuse_length(payload, _HEAD.size)
    length = _LENGTHS[payload[1] & 15]
    if len(payload) <= length or params.get("lenient") is not True:
        return _frame(payload)
    decoded = _frame(payload[:length])
    if not decoded.readings:
        return decoded._replace(unparsed=payload)
    tail = payload[length:]
    issue = Issue(Code.UNKNOWN_ITEM, None, tail[:2].hex(), f"{len(tail)} bytes of a newer firmware are not read")
    return decoded._replace(issues=(*decoded.issues, issue), unparsed=tail)


def _frame(payload: bytes) -> Decoded:
    major, minor, _, battery, temperature, alarm, distance = _HEAD.unpack_from(payload)
    product = minor & 15
    if not product & (_TOF | _RADAR):
        return refuse(Code.UNKNOWN_VARIANT, payload, "a product without a sensor of distance", product)
    if len(payload) != _LENGTHS[product]:
        return refuse_length(payload, _LENGTHS[product])
    issues: list[Issue] = []
    values: Values = {
        "distance_mm": float(distance),
        "temperature_c": temperature - 128.0,
        "battery_v": battery / 1000,
    }
    status: Status = {"firmware": f"{major & 15}.{minor >> 4}", "base_id": major >> 4}
    is_good, at = False, _HEAD.size
    if product & _TOF:
        status["tof_status"] = payload[at]
        is_good, at = not payload[at], at + 4
    if product & _RADAR:
        status["radar_status"] = payload[at]
        is_good |= not payload[at] and payload[at + 1] > 0
        values["echo_quality"] = float(int.from_bytes(payload[at + 4 : at + 6]))
        at += 14
    _openings(payload, at, product, status)
    if not is_good:
        values["distance_mm"] = None
        issues.append(Issue(Code.SENSOR_FAULT, "distance_mm", distance, "no sensor of distance has a good status"))
    check_limits(values, issues)
    kind, events = (Kind.ALARM, _ALARM) if alarm else (Kind.TELEMETRY, ())
    return assemble(kind, (Reading(values),), status, events, issues)


def _openings(payload: bytes, at: int, product: int, status: Status) -> None:
    if product & _ACCELEROMETER:
        status["opened"] = payload[at + 2] > 0
        status["openings"] = int.from_bytes(payload[at + 3 : at + 5])
        at += 6
    if product & _HALL:
        status["hall_opened"] = payload[at] > 0
        status["hall_openings"] = int.from_bytes(payload[at + 1 : at + 3])


def _heard(payload: bytes, _params: Params) -> Decoded:
    return Decoded(Kind.STATUS, status={"heard_hex": payload.hex()})


DECODER: Final = Decoder(
    key="sentinum_apollon_q",
    vendor="Sentinum",
    models=("Apollon-Q",),
    kind="level",
    ports=(1, 192, 197),
    quantities=("distance_mm", "echo_quality", "temperature_c", "battery_v"),
    document="docs.sentinum.de, Apollon-Q T/R/TR Payload Description",
    decode=by_port({1: _data, 192: _heard, 197: _heard}),
    params=("lenient",),
    aliases=(
        *("Apollon Q", "ApollonQ", "Sentinum Apollon-Q", "Apollon-Q T", "Apollon-Q R", "Apollon-Q TR"),
        *("Apollon-Q ACC", "Apollon-Q HALL"),
    ),
)
