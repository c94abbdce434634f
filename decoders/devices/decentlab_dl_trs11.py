"""Decentlab DL-TRS11: soil moisture and temperature (Meter TEROS 11), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-1   the words of `families.decentlab_teros`
    block 1, word 0      battery, mV

Sources: Decentlab DL-TRS11 datasheet, "Payload"; decentlab-decoders, DL-TRS11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.families.decentlab_teros import teros
from decoders.model import Decoder


def _soil(words: Sequence[int], said: Said) -> None:
    count, temperature = words
    teros(count, temperature, said.values)


DECODER: Final = Decoder(
    key="decentlab_dl_trs11",
    vendor="Decentlab",
    models=("DL-TRS11",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_permittivity", "soil_vwc", "soil_temperature_c", "battery_v"),
    document="Decentlab DL-TRS11 datasheet, section Payload",
    decode=reader(Block(2, _soil)),
    aliases=("DL-TRS11-001",),
)
