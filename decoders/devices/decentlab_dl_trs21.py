"""Decentlab DL-TRS21: soil water potential and temperature (Meter TEROS 21), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, word 0   tension, 0.1 kPa. The vendor gives it as a water potential, with a minus before it
             word 1   soil temperature, 0.1 °C, plus 32768
    block 1, word 0   battery, mV

Sources: Decentlab DL-TRS21 datasheet, "Payload"; decentlab-decoders, DL-TRS21.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.model import Decoder


def _soil(words: Sequence[int], said: Said) -> None:
    tension, temperature = words
    said.values["soil_tension_kpa"] = tension / 10
    said.values["soil_temperature_c"] = (temperature - 32768) / 10


DECODER: Final = Decoder(
    key="decentlab_dl_trs21",
    vendor="Decentlab",
    models=("DL-TRS21",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_tension_kpa", "soil_temperature_c", "battery_v"),
    document="Decentlab DL-TRS21 datasheet, section Payload",
    decode=reader(Block(2, _soil)),
    aliases=("DL-TRS21-001",),
)
