"""Dragino DDS75-3-LB and DDS75-3-LS: ultrasonic distance with three sensors, LoRaWAN.

fPort 2, 11 bytes:

    0-1   battery, see `families.dragino`
    2-3   external DS18B20, signed, 0.1 °C
    4-9   three distances of 2 bytes, mm; codes as in `families.dragino_distance`
    10    bit 4: the sensors were found; bits 0-3: sent because of the interrupt pin

Each distance is a reading of its own, channels "1" to "3"; battery and temperature are in the first.

fPort 3: stored records: three distances, flags (1), time. fPort 4: settings. fPort 5: device information.

Sources: Dragino DDS75-3-LB user manual, 2.3 "Uplink Payload"; vendor decoder of DDS75-3-LS; the catalogue's codec
of the DDS75-LB, which is this device's.
"""

from __future__ import annotations

from struct import Struct, unpack_from
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
from decoders.families.dragino_distance import distance_mm
from decoders.frame import Values, assemble, refuse_length
from decoders.model import Decoded, Decoder, Issue, Kind, Params

_FRAME: Final = Struct(">Hh3HB")


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    battery, external, *distances, flags = _FRAME.unpack(payload)
    issues: list[Issue] = []
    every: list[Values] = [{"distance_mm": distance_mm(raw, issues)} for raw in distances]
    every[0]["temperature_c"] = ds18b20_c(external, issues)
    every[0]["battery_v"] = battery_v(battery)
    events = INTERRUPT if flags & 0x0F else ()
    return assemble(Kind.TELEMETRY, channels(every), {"sensor_found": bool(flags & 0x10)}, events, issues)


def _record(payload: bytes, at: int, issues: list[Issue]) -> list[Values]:
    return [{"distance_mm": distance_mm(raw, issues)} for raw in unpack_from(">3H", payload, at)]


DECODER: Final = Decoder(
    key="dragino_dds75_3_lb",
    vendor="Dragino",
    models=("DDS75-3-LB",),
    kind="level",
    ports=SUCCESSOR_PORTS,
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Dragino DDS75-3-LB/LS user manual, section 2.3 Uplink Payload",
    decode=successor(_data, channel_records(_record), {0xF2: "DDS75-3-LB"}),
    aliases=("DDS75-3-LS", "DDS75-3-LB/LS"),
)
