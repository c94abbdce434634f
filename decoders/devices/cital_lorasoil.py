"""Cital (Valenco) LoRaSoil: soil water tension, temperature and climate, LoRaWAN.

fPort 152, big endian, 21, 26 or 30 bytes:

    0-1    soil temperature, signed, 0.01 °C         2-3    soil water potential, -0.01 kPa
    4      battery, %                                5-10   time in decimal: YYMM, DDHH, mmss (2 each), UTC
    11-14  latitude, signed, 1e-5°                   15-18  longitude, signed, 1e-5°
    19-20  firmware
    21-22  air temperature, signed, 0.01 °C          23-24  air pressure, hPa          25     humidity, %
    26-29  resistance of the probe, Ohm

The vendor writes the potential as a negative number; as a tension it is positive. The resistance is left out.

Sources: Valenco "LoRaSoil payload"; the vendor's codec and a frame in TheThingsNetwork/lorawan-devices, cital/lorasoil.
"""

from __future__ import annotations

from datetime import UTC, datetime
from struct import Struct
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits, device_time_ms
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_FRAME: Final = Struct(">hHBHHHiiBB")
_CLIMATE: Final = Struct(">h2xB")
_LENGTHS: Final = (21, 26, 30)


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) not in _LENGTHS:
        code = Code.TOO_SHORT if len(payload) < _LENGTHS[0] else Code.WRONG_LENGTH
        return refuse(code, payload, f"{len(payload)} bytes where a frame has 21, 26 or 30", len(payload))
    temperature, potential, battery, *clock, latitude, longitude, major, minor = _FRAME.unpack_from(payload)
    issues: list[Issue] = []
    values: Values = {
        "soil_tension_kpa": potential / 100,
        "soil_temperature_c": temperature / 100,
        "battery_pct": float(battery),
    }
    if len(payload) > _LENGTHS[0]:
        air, humidity = _CLIMATE.unpack_from(payload, 21)
        values["temperature_c"] = air / 100
        values["humidity_pct"] = float(humidity)
    check_limits(values, issues)
    status: Status = {"firmware": f"{major}.{minor}"}
    if latitude or longitude:
        status["latitude"] = latitude / 100_000
        status["longitude"] = longitude / 100_000
    time_ms = device_time_ms(_seconds(*clock), issues)
    return assemble(Kind.TELEMETRY, (Reading(values, time_ms),), status, issues=issues)


def _seconds(year_month: int, day_hour: int, minute_second: int) -> int:
    """Unix seconds; 0, which no clock that was set shows, for digits that are no date."""
    (year, month), (day, hour), (minute, second) = (divmod(x, 100) for x in (year_month, day_hour, minute_second))
    try:
        return int(datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return 0


DECODER: Final = Decoder(
    key="cital_lorasoil",
    vendor="Cital",
    models=("LoRaSoil",),
    kind="soil",
    ports=(152,),
    quantities=("soil_tension_kpa", "soil_temperature_c", "temperature_c", "humidity_pct", "battery_pct"),
    document="Valenco LoRaSoil payload",
    decode=by_port({152: _data}),
    aliases=("Cital LoRaSoil", "Valenco LoRaSoil"),
)
