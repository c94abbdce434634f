"""Decentlab DL-5TE: soil moisture, temperature and conductivity (Decagon 5TE), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-1   the words of `families.decentlab_decagon`
             word 2      conductivity, 10 µS/cm
    block 1, word 0      battery, mV

Sources: Decentlab DL-5TE datasheet, "Payload"; decentlab-decoders, DL-5TE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.families.decentlab_decagon import five_t
from decoders.model import Decoder


def _soil(words: Sequence[int], said: Said) -> None:
    permittivity, temperature, conductivity = words
    five_t(permittivity, temperature, said.values)
    said.values["soil_ec_us_cm"] = float(conductivity * 10)


DECODER: Final = Decoder(
    key="decentlab_dl_5te",
    vendor="Decentlab",
    models=("DL-5TE",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_permittivity", "soil_vwc", "soil_temperature_c", "soil_ec_us_cm", "battery_v"),
    document="Decentlab DL-5TE datasheet, section Payload",
    decode=reader(Block(3, _soil)),
    aliases=("DL-5TE-001",),
)
