"""Decentlab DL-PR26: liquid level (Keller), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-1   the words of `families.decentlab_pressure.ranged`
    block 1, word 0      battery, mV

The parameters `Pmin` and `Pmax`, bar, are the ordered measuring range.

Sources: Decentlab DL-PR26 datasheet, "Payload"; decentlab-decoders, DL-PR26.
"""

from __future__ import annotations

from typing import Final

from decoders.families.decentlab import PORT, Block, reader
from decoders.families.decentlab_pressure import ranged
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="decentlab_dl_pr26",
    vendor="Decentlab",
    models=("DL-PR26",),
    kind="level",
    ports=(PORT,),
    quantities=("pressure_kpa", "temperature_c", "battery_v"),
    document="Decentlab DL-PR26 datasheet, section Payload",
    decode=reader(Block(2, ranged)),
    aliases=("DL-PR26-001",),
    params=("Pmin", "Pmax"),
)
