"""Dragino DDS04-LB, DDS04-LS and LDDS04: ultrasonic distance with up to four sensors, LoRaWAN.

fPort 2, 11 bytes:

    0-1   battery, see `families.dragino`; sent because of the interrupt pin: bit 7 of byte 0 of an LDDS04, bit 6 of a
          DDS04-LB, whose bit 7 is the level of the pin
    2-9   four distances of 2 bytes, 0.1 cm, which is mm; 0 no sensor, ffff no echo
    10    type of the frame, see `families.dragino`

Each distance is a reading of its own, channels "1" to "4"; the battery is in the first.
An LDDS04 is told from a DDS04-LB by the parameter `model` = "LDDS04", for the interrupt only.

fPort 3: stored records: flags (1), three distances, time; bit 0 interrupt. fPort 4: settings.
fPort 5: device information. LDDS04 sends fPort 2 only.

Sources: Dragino LDDS04 user manual, 2.4 "Uplink Payload", page 19; DDS04-LB user manual, 2.3; vendor decoders of both;
stored records of a device in akenza's tests.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from decoders.families.dragino import (
    INTERRUPT,
    SUCCESSOR_PORTS,
    battery_v,
    channel_records,
    channels,
    successor,
    typed,
)
from decoders.frame import Values, assemble
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params

_CODES: Final = {0: (Code.NOT_CONNECTED, "no ultrasonic sensor"), 0xFFFF: (Code.NO_ECHO, "no echo")}


def _distances(words: tuple[int, ...], issues: list[Issue]) -> list[Values]:
    every: list[Values] = []
    for word in words:
        every.append({"distance_mm": None if word in _CODES else float(word)})
        if word in _CODES:
            code, detail = _CODES[word]
            issues.append(Issue(code, "distance_mm", word, detail))
    return every


def _data(payload: bytes, params: Params) -> Decoded:
    battery, *words = unpack_from(">5H", payload)
    issues: list[Issue] = []
    every = _distances(tuple(words), issues)
    every[0]["battery_v"] = battery_v(battery)
    pin = 0x8000 if params.get("model") == "LDDS04" else 0x4000
    return assemble(Kind.TELEMETRY, channels(every), {}, INTERRUPT if battery & pin else (), issues)


def _record(payload: bytes, at: int, issues: list[Issue]) -> list[Values]:
    return _distances(unpack_from(">3H", payload, at + 1), issues)


DECODER: Final = Decoder(
    key="dragino_dds04_lb",
    vendor="Dragino",
    models=("DDS04-LB", "LDDS04"),
    kind="level",
    ports=SUCCESSOR_PORTS,
    quantities=("distance_mm", "battery_v"),
    document="Dragino LDDS04 user manual, section 2.4 Uplink Payload, page 19",
    decode=successor(typed(11, _data), channel_records(_record), {0x23: "DDS04-LB"}),
    aliases=("DDS04-LS", "DDS04-LB/LS"),
    params=("model",),
)
