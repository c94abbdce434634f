"""Netvox with a choice of probes on RS-485: R726 (solar) and RA07 (mains), reports as in `families.netvox`, 11 bytes.

fPort 6:

    0    version, 01         1    device type         2    kind of report         3    battery
    4-5, 6-7, 8-9            three words, ffff: no such probe                     10   one byte, ff: no such probe

    kind    words
    09      turbidity, water temperature, soil moisture (EC-5) 0.01 %
    0a      soil moisture (5TE) 0.01 %, soil temperature signed 0.01 °C, water level mm; byte: conductivity 0.1 dS/m
    0c      air temperature signed 0.01 °C, humidity 0.01 %, wind
    0f      nitrogen, phosphorus, potassium of the soil, mg/kg
    10      soil moisture 0.01 %, soil temperature signed 0.01 °C, conductivity 0.001 dS/m

The other kinds (dust, gases, pH of water, oxygen, wind) hold nothing that has a quantity here: their battery is read.
A word of ffff in a temperature is no probe, though -0.01 °C has the same bytes.

fPort 7: answers to downlinks.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Final, NamedTuple

from decoders.families.netvox import answers, battery, measured, reports, signed
from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decode, Decoded, Issue, Kind, Reading, refuse

REPORTS, ANSWERS = 6, 7
QUANTITIES: Final = (
    *("soil_moisture_pct", "soil_temperature_c", "soil_ec_us_cm", "soil_n_mg_kg", "soil_p_mg_kg", "soil_k_mg_kg"),
    *("depth_mm", "temperature_c", "humidity_pct", "battery_v"),
)
_LENGTH: Final = 11
_FRAME: Final = Struct(">3xBHHHB")
_LAST_KIND, _WITH_CONDUCTIVITY = 0x10, 0x0A
_NO_PROBE: Final = 0xFF


class _Field(NamedTuple):
    """What one word of a report is. No `key`: it has no quantity here."""

    key: str = ""
    divisor: int = 1
    is_signed: bool = False

    def put(self, raw: int, values: Values, issues: list[Issue]) -> None:
        """Put the word into the values; `ffff` is no probe."""
        if not self.key:
            return
        measured(self.key, raw, self.divisor, values, issues)
        if self.is_signed and values[self.key] is not None:
            values[self.key] = signed(raw) / self.divisor


_PASSED: Final = _Field()
_MOISTURE: Final = _Field("soil_moisture_pct", 100)
_SOIL_TEMPERATURE: Final = _Field("soil_temperature_c", 100, is_signed=True)
_FIELDS: Final[Mapping[int, tuple[_Field, ...]]] = {
    0x09: (_PASSED, _PASSED, _MOISTURE),
    0x0A: (_MOISTURE, _SOIL_TEMPERATURE, _Field("depth_mm")),
    0x0C: (_Field("temperature_c", 100, is_signed=True), _Field("humidity_pct", 100)),
    0x0F: (_Field("soil_n_mg_kg"), _Field("soil_p_mg_kg"), _Field("soil_k_mg_kg")),
    0x10: (_MOISTURE, _SOIL_TEMPERATURE, _Field("soil_ec_us_cm")),
}
"""Kind of report to its words, as far as they have a quantity."""


def reader(models: Mapping[int, str]) -> Decode:
    """The decode function for these device types."""
    return by_port({REPORTS: reports(models, 1, _report, (_LENGTH, _LENGTH)), ANSWERS: answers(models, 1)})


def _report(payload: bytes, model: str, kind: int) -> Decoded:
    if kind > _LAST_KIND:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"report {kind} is not known", kind)
    volts, first, second, third, last = _FRAME.unpack(payload)
    values: Values = {}
    issues: list[Issue] = []
    for field, raw in zip(_FIELDS.get(kind, ()), (first, second, third), strict=False):
        field.put(raw, values, issues)
    if kind == _WITH_CONDUCTIVITY:
        _conductivity(last, values, issues)
    status: Status = {"model": model}
    battery(volts, values, status)
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), status, issues=issues)


def _conductivity(raw: int, values: Values, issues: list[Issue]) -> None:
    values["soil_ec_us_cm"] = None if raw == _NO_PROBE else raw * 100.0
    if raw == _NO_PROBE:
        issues.append(Issue(Code.NOT_CONNECTED, "soil_ec_us_cm", raw, "the device has no such probe"))
