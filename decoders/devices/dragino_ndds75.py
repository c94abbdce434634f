"""Dragino NDDS75, NDDS20 and their -NB successors without a DS18B20: ultrasonic distance, NB-IoT.

The frame of `families.dragino_nb` with records of:

    0-1   distance, mm; codes as in `families.dragino_distance`
    2-5   time

Sources: Dragino NDDS75 user manual, 2.4 "Uplink Payload"; vendor decoders of NDDS75 and NDDS20; a frame in akenza's
tests.
"""

from __future__ import annotations

from typing import Final

from decoders.families.dragino_distance import distance_mm
from decoders.families.dragino_nb import PORTS, reader
from decoders.frame import Values
from decoders.model import Decoder, Issue


def _record(payload: bytes, at: int, issues: list[Issue]) -> Values:
    return {"distance_mm": distance_mm(int.from_bytes(payload[at : at + 2]), issues)}


DECODER: Final = Decoder(
    key="dragino_ndds75",
    vendor="Dragino",
    models=("NDDS75", "NDDS20"),
    kind="level",
    ports=PORTS,
    quantities=("distance_mm", "battery_v"),
    document="Dragino NDDS75 user manual, section 2.4 Uplink Payload",
    decode=reader(2, _record),
)
