"""Tekelek TEK 766: ultrasonic level of tanks and bins, LoRaWAN. Sold under many names.

The first byte of a frame is its type, which is its fPort too; byte 1 is the product: 00.

fPort 16 (10), measurement, 20 bytes:

    2      limits exceeded: bit 0 to 2 limit 1 to 3, bit 3 leak in the bund
    4-     four readings of 4 bytes, the newest first; all bytes zero: there is none
           0-1 ullage, cm: from the sensor down to the surface      2 temperature, signed, °C
           3   upper nibble: result code of the sonar (0 no echo, 9 and 10 best); lower: strength of the echo, 0 to 10

fPort 48 (30), status, 18 bytes:

    3      hardware            4-5   firmware, 01 06 is 1.6        6      reason of the frame and of the last reset
    8      RSSI, negated, dBm  10    battery, %                    11-12  minutes between two measurements
    13     hours between two transmissions                         14-17  one reading

fPort 69 (45), alarm, 12 bytes: as a measurement, with two readings, that of the alarm and the one before. Frames of
2018 came on fPort 1.
fPort 67 (43), settings; fPort 71 (47), diagnostics: kept as they came.

The older readings carry no time of their own: they are those of the frames before, one transmission apart each, sent
again in case a frame was lost. Channels "-1" to "-3" count back; the parameter `report_interval_h`, which the status
frame shows, tells how old they are.

Sources: Tekelek "TEK 766 Ultrasonic LoRaWAN User Manual" 9-5911-05, 3.2.3 to 3.2.8, pages 7 to 13; the parser of
ZENNER's ELEMENT after "CF-5004-01 TEK 766 Payload Data Structure R1".
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct, iter_unpack
from typing import Final

from decoders.frame import Route, Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading, refuse

_READING: Final = ">HbB"
_STATUS: Final = Struct(">BBBBBBBBBBBHB4s")
_LIMITS: Final = ((1, "limit_1"), (2, "limit_2"), (4, "limit_3"), (8, "bund"))
_LONGEST_H: Final = 255
_REASONS: Final = ("reset", "scheduled", "manual", "activation")


def _typed(kind: int, read: Callable[[bytes, int | None], Decoded]) -> Route:
    """The route of one port: only frames of its type and of this product."""

    def route(payload: bytes, params: Params) -> Decoded:
        if payload[0] != kind or payload[1:2] not in {b"", b"\0"}:
            return refuse(Code.UNKNOWN_VARIANT, payload, "another type of frame or product", payload[:2].hex())
        return read(payload, _interval_ms(params))

    return route


def _interval_ms(params: Params) -> int | None:
    """Between two transmissions, None where the profile does not say."""
    hours = params.get("report_interval_h")
    return round(hours * 3_600_000) if isinstance(hours, int | float) and 0 < hours <= _LONGEST_H else None


def _measurement(payload: bytes, interval_ms: int | None) -> Decoded:
    if len(payload) != 20:
        return refuse_length(payload, 20)
    issues: list[Issue] = []
    readings = _readings(payload[4:], interval_ms, issues)
    status: Status = {name: True for bit, name in _LIMITS if payload[2] & bit}
    return assemble(Kind.TELEMETRY if readings else Kind.STATUS, readings, status, issues=issues)


def _alarm(payload: bytes, interval_ms: int | None) -> Decoded:
    if len(payload) != 12:
        return refuse_length(payload, 12)
    issues: list[Issue] = []
    readings = _readings(payload[4:], interval_ms, issues)
    events = tuple([Event(f"{name}_alarm") for bit, name in _LIMITS if payload[2] & bit])
    return assemble(Kind.ALARM, readings, {}, events, issues)


def _status(payload: bytes, interval_ms: int | None) -> Decoded:
    if len(payload) != _STATUS.size:
        return refuse_length(payload, _STATUS.size)
    _, _, _, hardware, major, minor, why, _, rssi, _, battery, minutes, hours, reading = _STATUS.unpack(payload)
    issues: list[Issue] = []
    readings = _readings(reading, interval_ms, issues)
    status: Status = {
        "hardware": str(hardware),
        "firmware": f"{major}.{minor}",
        "reason": _REASONS[why & 3],
        "sensor_rssi_dbm": -rssi,
        "measurement_interval_min": minutes,
        "report_interval_h": hours,
    }
    if battery <= 100:
        status["battery_pct"] = battery
    return assemble(Kind.TELEMETRY if readings else Kind.STATUS, readings, status, issues=issues)


def _settings(payload: bytes, _interval_ms: int | None) -> Decoded:
    return Decoded(Kind.CONFIG, status={"settings_hex": payload.hex()})


def _diagnostics(payload: bytes, _interval_ms: int | None) -> Decoded:
    return Decoded(Kind.STATUS, status={"diagnostics_hex": payload.hex()})


def _readings(payload: bytes, interval_ms: int | None, issues: list[Issue]) -> tuple[Reading, ...]:
    slots = enumerate(iter_unpack(_READING, payload))
    return tuple(
        [
            _reading(back, interval_ms, ullage, temperature, quality, issues)
            for back, (ullage, temperature, quality) in slots
            if ullage or temperature or quality
        ]
    )


def _reading(
    back: int, interval_ms: int | None, ullage: int, temperature: int, quality: int, issues: list[Issue]
) -> Reading:
    values: Values = {
        "distance_mm": ullage * 10.0,
        "temperature_c": float(temperature),
        "echo_quality": float(quality & 15),
    }
    if not quality >> 4:
        values["distance_mm"] = None
        issues.append(Issue(Code.NO_ECHO, "distance_mm", ullage, "result code 0: no echo"))
    check_limits(values, issues)
    if not back:
        return Reading(values)
    return Reading(values, None, f"-{back}", None if interval_ms is None else back * interval_ms)


DECODER: Final = Decoder(
    key="tekelek_tek766",
    vendor="Tekelek",
    models=("TEK 766",),
    kind="level",
    ports=(1, 16, 48, 67, 69, 71),
    quantities=("distance_mm", "temperature_c", "echo_quality"),
    document="Tekelek TEK 766 Ultrasonic LoRaWAN User Manual 9-5911-05, pages 7 to 13",
    decode=by_port(
        {
            1: _typed(0x45, _alarm),
            16: _typed(0x10, _measurement),
            48: _typed(0x30, _status),
            67: _typed(0x43, _settings),
            69: _typed(0x45, _alarm),
            71: _typed(0x47, _diagnostics),
        }
    ),
    params=("report_interval_h",),
    aliases=("TEK766", "TEK-766", "Tekelek TEK 766", "Tekelek TEK766"),
)
