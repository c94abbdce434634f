"""Decentlab DL-LID: LiDAR distance and level, LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-10   the words of `families.decentlab_lidar`
    block 1, word 0       battery, mV

Sources: Decentlab DL-LID datasheet, "Payload"; decentlab-decoders, DL-LID.
"""

from __future__ import annotations

from typing import Final

from decoders.families.decentlab import PORT, Block, reader
from decoders.families.decentlab_lidar import lidar
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="decentlab_dl_lid",
    vendor="Decentlab",
    models=("DL-LID",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "samples", "battery_v"),
    document="Decentlab DL-LID datasheet, section Payload",
    decode=reader(Block(11, lidar)),
    aliases=("DL-LID-001",),
)
