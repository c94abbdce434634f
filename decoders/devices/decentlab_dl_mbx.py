"""Decentlab DL-MBX: ultrasonic distance and level (MaxBotix), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, word 0   distance, mm
             word 1   number of valid samples behind it; 0: the distance is not valid, although it is there
    block 1, word 0   battery, mV

Sources: Decentlab DL-MBX datasheet, "Payload"; decentlab-decoders, DL-MBX.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.model import Code, Decoder, Issue


def _distance(words: Sequence[int], said: Said) -> None:
    distance, samples = words
    said.values["samples"] = float(samples)
    said.values["distance_mm"] = float(distance) if samples else None
    if not samples:
        said.issues.append(Issue(Code.NO_SAMPLES, "distance_mm", distance, "no valid sample behind the distance"))


DECODER: Final = Decoder(
    key="decentlab_dl_mbx",
    vendor="Decentlab",
    models=("DL-MBX",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "samples", "battery_v"),
    document="Decentlab DL-MBX datasheet, section Payload",
    decode=reader(Block(2, _distance)),
    aliases=("DL-MBX-001", "DL-MBX-002", "DL-MBX-003"),
)
