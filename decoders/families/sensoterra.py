"""Sensoterra probes in local mode, little endian, bits from the lowest up.

fPort 11, what is measured now, 9 bytes; fPort 12, stored measurements, 9 bytes each, oldest first, without a time:

    bit 0-59     six moistures of 10 bit, 0.1 %; 1023: it failed
    bit 60-69    temperature of 10 bit, 0.1 °C, plus 300; 0 and 1021: at or beyond -30 and 70 °C; 1023: it failed
    bit 70       above the saturation point of the calibration

fPort 100, report 1, 9 bytes:

    0    battery, V = x / 125 + 1.7          1      signal power, dBm + 220          2    depths above saturation
    3-4  firmware: with bit 15, major 5, minor 5, patch 5 bits; else a number        5    reset    6-8  up time, s

fPort 101 to 105: other reports; 106 to 111: calibrations, one for each depth: kept as they came.

A probe in cloud mode sends frames that only the vendor can read.

Sources: Sensoterra "LoRaWAN local mode" payload description; akenza device-type-library, sensoterra, with a frame of a
probe. The vendor's decoder gives 0 % for a depth that failed.
"""

from __future__ import annotations

from typing import Final

from decoders.frame import Route, Status, Values, assemble, by_port, refuse_length
from decoders.model import Code, Decode, Decoded, Issue, Kind, Params, Reading, refuse

NOW, STORED, REPORT = 11, 12, 100
_OTHERS: Final = range(101, 112)
PORTS: Final = (NOW, STORED, REPORT, *_OTHERS)
_LENGTH: Final = 9
_MOST, _FAILED = 1000, 1023
_COLDEST, _HOTTEST = 0, 1021


def reader(depths: tuple[str | None, ...]) -> Decode:
    """The decode function of a probe with these depths, cm, as channels; None for a probe with one."""

    def measured(payload: bytes, at: int, issues: list[Issue]) -> list[Reading]:
        word = int.from_bytes(payload[at : at + _LENGTH], "little")
        readings = []
        for number, depth in enumerate(depths):
            moisture = word >> 10 * number & 1023
            values: Values = {"soil_moisture_pct": moisture / 10 if moisture <= _MOST else _moisture(moisture, issues)}
            if number == 0:
                values["temperature_c"] = _temperature(word >> 60 & 1023, issues)
            readings.append(Reading(values, channel=depth))
        return readings

    def now(payload: bytes, _params: Params) -> Decoded:
        if len(payload) != _LENGTH:
            return refuse_length(payload, _LENGTH)
        issues: list[Issue] = []
        readings = tuple(measured(payload, 0, issues))
        status: Status = {"above_saturation": True} if payload[8] & 0x40 else {}
        return assemble(Kind.TELEMETRY, readings, status, issues=issues)

    def stored(payload: bytes, _params: Params) -> Decoded:
        if len(payload) % _LENGTH:
            code = Code.TOO_SHORT if len(payload) < _LENGTH else Code.WRONG_LENGTH
            return refuse(code, payload, f"{len(payload)} bytes are not records of {_LENGTH}", len(payload))
        issues: list[Issue] = []
        readings = [one for at in range(0, len(payload), _LENGTH) for one in measured(payload, at, issues)]
        return assemble(Kind.HISTORY, tuple(readings), {}, issues=issues)

    routes: dict[int, Route] = dict.fromkeys(_OTHERS, _other)
    return by_port(routes | {NOW: now, STORED: stored, REPORT: _report})


def _moisture(raw: int, issues: list[Issue]) -> float | None:
    """No value, with the reason: for a number of more than 100 %."""
    failed = raw == _FAILED
    code, detail = (Code.SENSOR_FAULT, "failed") if failed else (Code.OUT_OF_RANGE, "is above 100 %")
    issues.append(Issue(code, "soil_moisture_pct", raw, f"the measurement at this depth {detail}"))
    return None


def _temperature(raw: int, issues: list[Issue]) -> float | None:
    if _COLDEST < raw < _HOTTEST:
        return (raw - 300) / 10
    code = Code.OUT_OF_RANGE if raw in {_COLDEST, _HOTTEST} else Code.SENSOR_FAULT
    issues.append(Issue(code, "temperature_c", raw, "at or beyond the limits of the sensor, or not measured"))
    return None


def _report(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _LENGTH:
        return refuse_length(payload, _LENGTH)
    version = int.from_bytes(payload[3:5], "little")
    split = f"{version >> 10 & 31}.{version >> 5 & 31}.{version & 31}"
    status: Status = {
        "battery_v": round(payload[0] / 125 + 1.7, 3),
        "signal_power_dbm": payload[1] - 220,
        "above_saturation": payload[2] & 0x3F > 0,
        "firmware": split if version >> 15 else str(version),
        "up_time_s": int.from_bytes(payload[6:9], "little"),
    }
    return Decoded(Kind.STATUS, status=status)


def _other(payload: bytes, _params: Params) -> Decoded:
    return Decoded(Kind.CONFIG, status={"report_hex": payload.hex()})
