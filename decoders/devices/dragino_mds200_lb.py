"""Dragino MDS200-LB, MDS200-LS and LMDS200: microwave radar distance, two targets, LoRaWAN.

fPort 2, 7 bytes:

    0-1   battery, see `families.dragino`
    2-3   distance of the strongest target, mm; 0 no target, ffff an invalid reading
    4-5   distance of the second one, as before
    6     bit 0: sent because of the interrupt pin; bit 1: because of the distance alarm; bits 2-7: alarms counted

Each distance is a reading of its own, channels "1" and "2"; the battery is in the first.

fPort 3: stored records: battery, both distances, flags (1), time. fPort 4: settings. fPort 5: device information.

Sources: Dragino LMDS200 user manual, 2.3 "Uplink Payload"; vendor decoders of LMDS200 and MDS200-LB (alike); catalogue
example of LMDS200.
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
    successor,
)
from decoders.frame import Values, assemble, refuse_length
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params

_FRAME: Final = Struct(">3HB")
_CODES: Final = {0: (Code.NO_ECHO, "no target"), 0xFFFF: (Code.OUT_OF_RANGE, "invalid reading")}


def _targets(battery: int, distances: tuple[int, int], issues: list[Issue]) -> list[Values]:
    every: list[Values] = []
    for raw in distances:
        every.append({"distance_mm": None if raw in _CODES else float(raw)})
        if raw in _CODES:
            code, detail = _CODES[raw]
            issues.append(Issue(code, "distance_mm", raw, detail))
    every[0]["battery_v"] = battery_v(battery)
    return every


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    battery, first, second, flags = _FRAME.unpack(payload)
    issues: list[Issue] = []
    every = _targets(battery, (first, second), issues)
    alarm = bool(flags & 2)
    events = (INTERRUPT if flags & 1 else ()) + ((Event("distance_alarm"),) if alarm else ())
    kind = Kind.ALARM if alarm else Kind.TELEMETRY
    return assemble(kind, channels(every), {"alarms": flags >> 2}, events, issues)


def _record(payload: bytes, at: int, issues: list[Issue]) -> list[Values]:
    battery, first, second, _ = _FRAME.unpack_from(payload, at)
    return _targets(battery, (first, second), issues)


DECODER: Final = Decoder(
    key="dragino_mds200_lb",
    vendor="Dragino",
    models=("MDS200-LB", "LMDS200"),
    kind="level",
    ports=SUCCESSOR_PORTS,
    quantities=("distance_mm", "battery_v"),
    document="Dragino LMDS200 user manual, section 2.3 Uplink Payload",
    decode=successor(_data, channel_records(_record), {0x2B: "MDS200-LB", 0x0C: "LMDS200"}),
    aliases=("MDS200-LS", "MDS200-LB/LS"),
)
