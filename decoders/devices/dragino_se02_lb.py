"""Dragino SE02-LB and SE02-LS (solar): soil moisture, temperature and conductivity with two probes, LoRaWAN.

fPort 2, 17 bytes:

    0-1     battery, see `families.dragino`
    2-3     external DS18B20, signed, 0.1 °C
    4-9     first probe: volumetric water content, 0.01 %; soil temperature, signed, 0.01 °C; conductivity, µS/cm
    10-15   second probe
    16      bit 7: raw mode; bit 4: the probes were found; bits 0-3: sent because of the interrupt pin

In raw mode the words of a probe are those of `families.dragino_soil`.
Each probe is a reading of its own, channels "1" and "2"; battery and DS18B20 are in the first.

fPort 3: stored records of 17 bytes: both probes, flags (1), time. fPort 4: settings. fPort 5: device information.

Sources: Dragino SE02-LB user manual, 2.3 "Uplink Payload"; vendor decoder V1.0 of SE02-LB.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import (
    INTERRUPT,
    SUCCESSOR_PORTS,
    battery_v,
    channel_records,
    channels,
    ds18b20_c,
    successor,
)
from decoders.families.dragino_soil import counted, measured
from decoders.frame import Values, assemble, check_limits, refuse_length
from decoders.model import Decoded, Decoder, Issue, Kind, Params

_FRAME: Final = Struct(">Hh6HB")
_RECORD: Final = Struct(">HhHHhHx")
_RECORD_SIZE: Final = 17


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    battery, external, *words, flags = _FRAME.unpack(payload)
    issues: list[Issue] = []
    every = [_probe(words[:3], flags), _probe(words[3:], flags)]
    every[0]["temperature_c"] = ds18b20_c(external, issues)
    every[0]["battery_v"] = battery_v(battery)
    for values in every:
        check_limits(values, issues)
    events = INTERRUPT if flags & 0x0F else ()
    return assemble(Kind.TELEMETRY, channels(every), {"probe_found": bool(flags & 0x10)}, events, issues)


def _probe(words: list[int], flags: int) -> Values:
    first, second, third = words
    return counted(first, second, third) if flags & 0x80 else measured(first, second - (second >> 15 << 16), third)


def _record(payload: bytes, at: int, _issues: list[Issue]) -> list[Values]:
    words = _RECORD.unpack_from(payload, at)
    return [measured(*words[:3]), measured(*words[3:])]


DECODER: Final = Decoder(
    key="dragino_se02_lb",
    vendor="Dragino",
    models=("SE02-LB",),
    kind="soil",
    ports=SUCCESSOR_PORTS,
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
    document="Dragino SE02-LB/LS user manual, section 2.3 Uplink Payload",
    decode=successor(_data, channel_records(_record, _RECORD_SIZE), {0xF1: "SE02-LB"}),
    aliases=("SE02-LS", "SE02-LB/LS"),
)
