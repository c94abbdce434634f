"""Decentlab DL-5TM: soil moisture and temperature (Decagon 5TM), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-1   the words of `families.decentlab_decagon`
    block 1, word 0      battery, mV

Sources: Decentlab DL-5TM datasheet, "Payload"; decentlab-decoders, DL-5TM.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.families.decentlab_decagon import five_t
from decoders.model import Decoder


def _soil(words: Sequence[int], said: Said) -> None:
    permittivity, temperature = words
    five_t(permittivity, temperature, said.values)


DECODER: Final = Decoder(
    key="decentlab_dl_5tm",
    vendor="Decentlab",
    models=("DL-5TM",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_permittivity", "soil_vwc", "soil_temperature_c", "battery_v"),
    document="Decentlab DL-5TM datasheet, section Payload",
    decode=reader(Block(2, _soil)),
    aliases=("DL-5TM-001",),
)
