"""Decentlab DL-TRS12: soil moisture, temperature and conductivity (Meter TEROS 12), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-2   the words of `families.decentlab_teros`
    block 1, word 0      battery, mV

Sources: Decentlab DL-TRS12 datasheet, "Payload"; decentlab-decoders, DL-TRS12.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.families.decentlab_teros import teros
from decoders.model import Decoder


def _soil(words: Sequence[int], said: Said) -> None:
    count, temperature, conductivity = words
    teros(count, temperature, said.values)
    said.values["soil_ec_us_cm"] = float(conductivity)


DECODER: Final = Decoder(
    key="decentlab_dl_trs12",
    vendor="Decentlab",
    models=("DL-TRS12",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_permittivity", "soil_vwc", "soil_temperature_c", "soil_ec_us_cm", "battery_v"),
    document="Decentlab DL-TRS12 datasheet, section Payload",
    decode=reader(Block(3, _soil)),
    aliases=("DL-TRS12-001",),
)
