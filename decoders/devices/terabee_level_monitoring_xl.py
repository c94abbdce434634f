"""Terabee Level Monitoring XL: time-of-flight level of silos and containers up to 60 m, LoRaWAN.

Big endian, 6 bytes; the manual names no fPort, 1 and 2 are read:

    0-1   distance, mm, 500 to 60000; 0 too close, ffff too far
    2     level, %, from the heights set in the device
    3-4   battery, mV
    5     errors: bit 0 watchdog, 1 radio, 2 low power, 3 battery, 4 sensor timed out

Too close and too far are no distances, but they say something: events "too_close" (full) and "too_far" (empty).

Sources: Terabee "Level Monitoring XL user manual", page 31.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading

_FRAME: Final = Struct(">HBHB")
_TOO_CLOSE, _TOO_FAR = 0, 0xFFFF
_EVENTS: Final = {_TOO_CLOSE: (Event("too_close"),), _TOO_FAR: (Event("too_far"),)}
_ERRORS: Final = ("watchdog", "radio", "low_power", "battery", "sensor_timeout")
_TIMEOUT: Final = 0x10


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    distance, level, battery, errors = _FRAME.unpack(payload)
    issues: list[Issue] = []
    values: Values = {
        "distance_mm": _distance(distance, errors, issues),
        "fill_reported_pct": float(level),
        "battery_v": battery / 1000,
    }
    check_limits(values, issues)
    status: Status = {f"error_{name}": True for bit, name in enumerate(_ERRORS) if errors >> bit & 1}
    return assemble(Kind.TELEMETRY, (Reading(values),), status, _EVENTS.get(distance, ()), issues)


def _distance(raw: int, errors: int, issues: list[Issue]) -> float | None:
    if raw not in _EVENTS and not errors & _TIMEOUT:
        return float(raw)
    code = Code.SENSOR_FAULT if errors & _TIMEOUT else Code.OUT_OF_RANGE
    issues.append(Issue(code, "distance_mm", raw, "too close, too far, or the sensor timed out"))
    return None


DECODER: Final = Decoder(
    key="terabee_level_monitoring_xl",
    vendor="Terabee",
    models=("Level Monitoring XL",),
    kind="level",
    ports=(1, 2),
    quantities=("distance_mm", "fill_reported_pct", "battery_v"),
    document="Terabee Level Monitoring XL user manual, page 31",
    decode=by_port({1: _data, 2: _data}),
    aliases=("Terabee Level Monitoring XL", "Terabee LM XL", "LevelMonitoringXL"),
)
