"""Netvox with a choice of probes on RS-485: R726 (solar) and RA07 (mains), reports as in `families.netvox`, 11 bytes.

fPort 6:

    0    version, 01         1    device type         2    kind of report         3    battery
    4-5, 6-7, 8-9            three words, ffff: no such probe                     10   one byte, ff: no such probe

    kind    words
    09      turbidity, water temperature, soil moisture (EC-5) 0.01 %
    0a      soil moisture (5TE) 0.01 %, soil temperature signed 0.01 °C, water level mm; byte: conductivity 0.1 dS/m
    0c      air temperature signed 0.01 °C, humidity, wind
    10      soil moisture 0.01 %, soil temperature signed 0.01 °C, conductivity 0.001 dS/m

The other kinds (dust, gases, pH, oxygen, wind, nutrients) hold nothing that has a quantity here: their battery is read.
A word of ffff in a temperature is no probe, though -0.01 °C has the same bytes.

fPort 7: answers to downlinks.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Final

from decoders.families.netvox import answers, battery, measured, reports, signed
from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decode, Decoded, Issue, Kind, Reading, refuse

REPORTS, ANSWERS = 6, 7
QUANTITIES: Final = (
    *("soil_moisture_pct", "soil_temperature_c", "soil_ec_us_cm", "depth_mm", "temperature_c", "battery_v"),
)
_LENGTH: Final = 11
_FRAME: Final = Struct(">3xBHHHB")
_LAST_KIND: Final = 0x10
_NO_PROBE: Final = 0xFF


def reader(models: Mapping[int, str]) -> Decode:
    """The decode function for these device types."""
    return by_port({REPORTS: reports(models, 1, _report, (_LENGTH, _LENGTH)), ANSWERS: answers(models, 1)})


def _report(payload: bytes, model: str, kind: int) -> Decoded:
    if kind > _LAST_KIND:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"report {kind} is not known", kind)
    volts, first, second, third, last = _FRAME.unpack(payload)
    values: Values = {}
    issues: list[Issue] = []
    if kind == 0x09:
        measured("soil_moisture_pct", third, 100, values, issues)
    elif kind == 0x0A:
        measured("soil_moisture_pct", first, 100, values, issues)
        _temperature("soil_temperature_c", second, values, issues)
        measured("depth_mm", third, 1, values, issues)
        _conductivity(last, values, issues)
    elif kind == 0x0C:
        _temperature("temperature_c", first, values, issues)
    elif kind == 0x10:
        measured("soil_moisture_pct", first, 100, values, issues)
        _temperature("soil_temperature_c", second, values, issues)
        measured("soil_ec_us_cm", third, 1, values, issues)
    status: Status = {"model": model}
    battery(volts, values, status)
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), status, issues=issues)


def _temperature(key: str, raw: int, values: Values, issues: list[Issue]) -> None:
    measured(key, raw, 100, values, issues)
    if values[key] is not None:
        values[key] = signed(raw) / 100


def _conductivity(raw: int, values: Values, issues: list[Issue]) -> None:
    values["soil_ec_us_cm"] = None if raw == _NO_PROBE else raw * 100.0
    if raw == _NO_PROBE:
        issues.append(Issue(Code.NOT_CONNECTED, "soil_ec_us_cm", raw, "the device has no such probe"))
