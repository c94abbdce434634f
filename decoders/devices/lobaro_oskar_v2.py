"""Lobaro Oscar (Oskar v2), also sold by ZENNER: ultrasonic fill level of bins, LoRaWAN.

Little endian. fPort 2:

    0-1   battery, mV          2-3   temperature, signed, 0.1 °C          4   number of echoes; 0 and 1: not used
    5-    echoes of 8 bytes: 0-3 distance, mm; 4-5 time of flight, µs; 6 width; 7 amplitude

Below an amplitude of 100 an echo is noise, says the manual; the parameters `min_amplitude` and `min_width` set other
limits. Of what is left the median of the distances is given; of an even number, the mean of the two in the middle, in
whole mm. Without one there is no distance.

fPort 1, 7 or 8 bytes: 0-2 firmware; the last four battery and temperature, as above.

Sources: docs.lobaro.com, "Ultrasonic LoRaWAN Sensor (a.k.a. Oscar)"; the parsers of ZENNER's ELEMENT, zis_oskar and
lobaro_oskar_v2, with three frames.
"""

from __future__ import annotations

from struct import Struct, iter_unpack
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_HEAD: Final = Struct("<HhB")
_CONDITION: Final = Struct("<Hh")
_ECHO: Final = "<IHBB"
_ECHO_SIZE: Final = 8
_NOISE_BELOW: Final = 100
_STATUS_LENGTHS: Final = frozenset({7, 8})


def _data(payload: bytes, params: Params) -> Decoded:
    if len(payload) < _HEAD.size or (len(payload) - _HEAD.size) % _ECHO_SIZE:
        code = Code.TOO_SHORT if len(payload) < _HEAD.size else Code.WRONG_LENGTH
        return refuse(code, payload, f"{len(payload)} bytes are not a head of 5 and echoes of 8", len(payload))
    battery, temperature, count = _HEAD.unpack_from(payload)
    if count > 1 and len(payload) != _HEAD.size + count * _ECHO_SIZE:
        return refuse_length(payload, _HEAD.size + count * _ECHO_SIZE)
    least, narrowest = _limit(params, "min_amplitude", _NOISE_BELOW), _limit(params, "min_width", 0)
    echoes = iter_unpack(_ECHO, payload[_HEAD.size :])
    distances = sorted([mm for mm, _us, width, height in echoes if height >= least and width >= narrowest])
    issues: list[Issue] = []
    values: Values = {
        "distance_mm": _median(distances, issues),
        "temperature_c": temperature / 10,
        "battery_v": battery / 1000,
    }
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {"echoes": len(distances)}, issues=issues)


def _limit(params: Params, name: str, default: int) -> float:
    limit = params.get(name, default)
    return limit if isinstance(limit, int | float) else default


def _median(distances: list[int], issues: list[Issue]) -> float | None:
    if distances:
        middle = len(distances) // 2
        return float((distances[(len(distances) - 1) // 2] + distances[middle]) // 2)
    issues.append(Issue(Code.NO_ECHO, "distance_mm", 0, "no echo is strong and wide enough"))
    return None


def _status(payload: bytes, _params: Params) -> Decoded:
    if len(payload) not in _STATUS_LENGTHS:
        code = Code.TOO_SHORT if len(payload) < min(_STATUS_LENGTHS) else Code.WRONG_LENGTH
        return refuse(code, payload, f"{len(payload)} bytes where a status has 7 or 8", len(payload))
    battery, temperature = _CONDITION.unpack_from(payload, len(payload) - _CONDITION.size)
    status: Status = {
        "firmware": ".".join(str(number) for number in payload[:3]),
        "battery_v": battery / 1000,
        "temperature_c": temperature / 10,
    }
    return Decoded(Kind.STATUS, status=status)


DECODER: Final = Decoder(
    key="lobaro_oskar_v2",
    vendor="Lobaro",
    models=("Oskar v2",),
    kind="level",
    ports=(1, 2),
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Lobaro Ultrasonic LoRaWAN Sensor (a.k.a. Oscar), docs.lobaro.com",
    decode=by_port({1: _status, 2: _data}),
    aliases=("Oscar", "Lobaro Oscar", "Lobaro Oskar", "Lobaro Oskar v2", "Usonic", "ZENNER Oskar v2", "Oskar"),
    params=("min_amplitude", "min_width"),
)
