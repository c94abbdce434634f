"""Decentlab DL-LID2: LiDAR distance and level, LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-10   the words of `families.decentlab_lidar`
             word 11      number of all samples, valid or not
    block 1, word 0       battery, mV

Sources: Decentlab DL-LID2 datasheet, "Payload"; decentlab-decoders, DL-LID2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.families.decentlab_lidar import lidar
from decoders.model import Decoder


def _distance(words: Sequence[int], said: Said) -> None:
    lidar(words[:11], said)
    said.status["samples_taken"] = words[11]


DECODER: Final = Decoder(
    key="decentlab_dl_lid2",
    vendor="Decentlab",
    models=("DL-LID2",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "samples", "battery_v"),
    document="Decentlab DL-LID2 datasheet, section Payload",
    decode=reader(Block(12, _distance)),
    aliases=("DL-LID2-001",),
)
