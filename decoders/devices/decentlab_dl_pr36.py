"""Decentlab DL-PR36: pressure and liquid level, precise (Keller), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-1   the words of `families.decentlab_pressure` for this model
    block 1, word 0      battery, mV

The parameter `kp` is how many steps are 1 bar.

Sources: Decentlab DL-PR36 datasheet, "Payload"; decentlab-decoders, DL-PR36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.families.decentlab_pressure import stepped
from decoders.model import Decoder


def _level(words: Sequence[int], said: Said) -> None:
    pressure, temperature = words
    stepped(pressure, said)
    said.values["temperature_c"] = (temperature - 32768) / 256


DECODER: Final = Decoder(
    key="decentlab_dl_pr36",
    vendor="Decentlab",
    models=("DL-PR36",),
    kind="level",
    ports=(PORT,),
    quantities=("pressure_kpa", "temperature_c", "battery_v"),
    document="Decentlab DL-PR36 datasheet, section Payload",
    decode=reader(Block(2, _level)),
    aliases=("DL-PR36-001",),
    params=("kp",),
)
