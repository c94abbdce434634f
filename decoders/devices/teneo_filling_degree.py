"""Teneo IoT Filling Degree Sensor: time-of-flight distance, LoRaWAN.

fPort 1, big endian; the length says what there is:

    0     battery, 2 V + 0.1 V each        1-2   distance, cm
    3     status, in frames of 4 and 8 bytes: 0 good, 4 nothing in range, others an error
    then  temperature, signed, 0.01 °C (2), and humidity, 0.01 % (2), in frames of 7 and 8 bytes

fPort 2: battery, then a status as above. fPort 3: the battery is being charged.

A distance of 0 is none: errors carry it. A humidity above 100 % means that the frame was read with a wrong length.
The vendor's codec reads the temperature without its sign and gives a distance of -1 for status 4.

Sources: Teneo IoT "Filling Degree Sensor payload"; the vendor's codec and frames in TheThingsNetwork/lorawan-devices,
teneo-iot/filling-degree-sensor.
"""

from __future__ import annotations

from typing import Final

from decoders.frame import Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_LENGTHS: Final = frozenset({3, 4, 7, 8})
_WITH_STATUS: Final = frozenset({4, 8})
_OUT_OF_RANGE: Final = 4
_HIGHEST_HUMIDITY: Final = 10_000


def _volt(raw: int) -> float:
    return (20 + raw) / 10


def _data(payload: bytes, _params: Params) -> Decoded:
    size = len(payload)
    if size not in _LENGTHS:
        code = Code.TOO_SHORT if size < 3 else Code.WRONG_LENGTH
        return refuse(code, payload, f"{size} bytes where a frame has 3, 4, 7 or 8", size)
    if size > 4 and int.from_bytes(payload[-2:]) > _HIGHEST_HUMIDITY:
        return refuse(Code.UNKNOWN_VARIANT, payload, "a humidity above 100 %", payload[-2:].hex())
    issues: list[Issue] = []
    status = payload[3] if size in _WITH_STATUS else 0
    values: Values = {"distance_mm": _distance(int.from_bytes(payload[1:3]), status, issues)}
    if size > 4:
        values["temperature_c"] = int.from_bytes(payload[size - 4 : size - 2], signed=True) / 100
        values["humidity_pct"] = int.from_bytes(payload[-2:]) / 100
    values["battery_v"] = _volt(payload[0])
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {}, issues=issues)


def _distance(centimetres: int, status: int, issues: list[Issue]) -> float | None:
    if centimetres and not status:
        return centimetres * 10.0
    code = Code.NO_ECHO if status in {0, _OUT_OF_RANGE} else Code.SENSOR_FAULT
    issues.append(Issue(code, "distance_mm", centimetres, f"status {status} of the sensor"))
    return None


def _error(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != 2:
        code = Code.TOO_SHORT if len(payload) < 2 else Code.WRONG_LENGTH
        return refuse(code, payload, f"{len(payload)} bytes where an error has 2", len(payload))
    issues: list[Issue] = []
    values: Values = {"distance_mm": _distance(0, payload[1] or 1, issues), "battery_v": _volt(payload[0])}
    return assemble(Kind.TELEMETRY, (Reading(values),), {}, issues=issues)


def _charging(payload: bytes, _params: Params) -> Decoded:
    return Decoded(Kind.STATUS, status={"battery_v": _volt(payload[0]), "charging": True})


DECODER: Final = Decoder(
    key="teneo_filling_degree",
    vendor="Teneo IoT",
    models=("Filling Degree Sensor",),
    kind="level",
    ports=(1, 2, 3),
    quantities=("distance_mm", "temperature_c", "humidity_pct", "battery_v"),
    document="Teneo IoT Filling Degree Sensor payload",
    decode=by_port({1: _data, 2: _error, 3: _charging}),
    aliases=("filling-degree-sensor", "Teneo Filling Degree Sensor", "Teneo IoT Filling Degree Sensor"),
)
