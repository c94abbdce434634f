"""Teneo IoT Soil Moisture Sensor: soil moisture with climate, LoRaWAN.

fPort 1, big endian, 2 or 6 bytes:

    0     battery, 2 V + 0.1 V each        1     soil moisture, %
    2-3   temperature, signed, 0.01 °C     4-5   humidity of the air, 0.01 %

fPort 3: the battery is being charged.

Sources: Teneo IoT "Soil Moisture Sensor payload"; the vendor's codec and frames in TheThingsNetwork/lorawan-devices,
teneo-iot/soil-moisture-sensor.
"""

from __future__ import annotations

from typing import Final

from decoders.frame import Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_SHORT, _LONG = 2, 6


def _volt(raw: int) -> float:
    return (20 + raw) / 10


def _data(payload: bytes, _params: Params) -> Decoded:
    size = len(payload)
    if size not in {_SHORT, _LONG}:
        code = Code.TOO_SHORT if size < _SHORT else Code.WRONG_LENGTH
        return refuse(code, payload, f"{size} bytes where a frame has 2 or 6", size)
    issues: list[Issue] = []
    values: Values = {"soil_moisture_pct": float(payload[1])}
    if size == _LONG:
        values["temperature_c"] = int.from_bytes(payload[2:4], signed=True) / 100
        values["humidity_pct"] = int.from_bytes(payload[4:6]) / 100
    values["battery_v"] = _volt(payload[0])
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {}, issues=issues)


def _charging(payload: bytes, _params: Params) -> Decoded:
    return Decoded(Kind.STATUS, status={"battery_v": _volt(payload[0]), "charging": True})


DECODER: Final = Decoder(
    key="teneo_soil_moisture",
    vendor="Teneo IoT",
    models=("Soil Moisture Sensor",),
    kind="soil",
    ports=(1, 3),
    quantities=("soil_moisture_pct", "temperature_c", "humidity_pct", "battery_v"),
    document="Teneo IoT Soil Moisture Sensor payload",
    decode=by_port({1: _data, 3: _charging}),
    aliases=("soil-moisture-sensor", "Teneo Soil Moisture Sensor", "Teneo IoT Soil Moisture Sensor"),
)
