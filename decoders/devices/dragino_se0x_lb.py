"""Dragino SE0X-LB and SE0X-LS (solar): soil moisture, temperature and conductivity with up to four probes, LoRaWAN.

fPort 2, 29 bytes, or less when the last probes are not there:

    0-1    battery, see `families.dragino`
    2-3    external DS18B20, signed, 0.1 °C
    4      bit 7: raw mode; bit 6: sent because of the interrupt pin; bits 3-0: which probes are there, bit 3 the first
    5-10   first probe: volumetric water content, 0.01 %; soil temperature, signed, 0.01 °C; conductivity, µS/cm
    11-    the others; a probe that is not there has its place all the same

In raw mode the words of a probe are those of `families.dragino_soil`.
Each probe is a reading of its own, channels "1" to "4"; battery and DS18B20 are in the first.

fPort 4: settings. fPort 5: device information.

Sources: Dragino SE0X-LB user manual, 2.3 "Uplink Payload"; vendor decoder of SE0X-LB.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import (
    DATA,
    INFORMATION,
    INTERRUPT,
    SETTINGS,
    battery_v,
    ds18b20_c,
    information,
    settings,
)
from decoders.families.dragino_soil import counted, measured
from decoders.frame import Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Decoded, Decoder, Issue, Kind, Params, Reading

_HEAD: Final = Struct(">HhB")
_PROBE: Final = Struct(">HHH")
_SLOTS: Final = (8, 4, 2, 1)


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) < _HEAD.size:
        return refuse_length(payload, _HEAD.size)
    battery, external, flags = _HEAD.unpack_from(payload)
    there = [slot for slot, bit in enumerate(_SLOTS) if flags & bit]
    shortest, longest = _length(there[-1] + 1 if there else 0), _length(len(_SLOTS))
    if not shortest <= len(payload) <= longest or (len(payload) - _HEAD.size) % _PROBE.size:
        return refuse_length(payload, longest)
    issues: list[Issue] = []
    every: list[tuple[str | None, Values]] = [(str(slot + 1), _probe(payload, slot, flags)) for slot in there]
    if not every:
        every.append((None, {}))
    device = every[0][1]
    device["temperature_c"] = ds18b20_c(external, issues)
    device["battery_v"] = battery_v(battery)
    for _, values in every:
        check_limits(values, issues)
    readings = tuple([Reading(values, None, name) for name, values in every])
    return assemble(Kind.TELEMETRY, readings, {}, INTERRUPT if flags & 0x40 else (), issues)


def _length(probes: int) -> int:
    return _HEAD.size + probes * _PROBE.size


def _probe(payload: bytes, slot: int, flags: int) -> Values:
    first, second, third = _PROBE.unpack_from(payload, _length(slot))
    return counted(first, second, third) if flags & 0x80 else measured(first, second - (second >> 15 << 16), third)


DECODER: Final = Decoder(
    key="dragino_se0x_lb",
    vendor="Dragino",
    models=("SE0X-LB",),
    kind="soil",
    ports=(DATA, SETTINGS, INFORMATION),
    quantities=(
        "soil_moisture_pct",
        "soil_temperature_c",
        "soil_ec_us_cm",
        "soil_permittivity",
        "soil_moisture_raw",
        "soil_ec_raw",
        "temperature_c",
        "battery_v",
    ),
    document="Dragino SE0X-LB/LS user manual, section 2.3 Uplink Payload",
    decode=by_port({DATA: _data, SETTINGS: settings, INFORMATION: information({0xF9: "SE0X-LB"})}),
    aliases=("SE0X-LS", "SE0X-LB/LS"),
)
