"""Decentlab DL-CTD10: depth, temperature and conductivity of water (Meter CTD-10), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, word 0   depth of the water, mm, plus 32768
             word 1   temperature, 0.1 °C, plus 32768
             word 2   conductivity, µS/cm
             word 3   not 0: the water froze around the probe; an event
    block 1, word 0   battery, mV

Sources: Decentlab DL-CTD10 datasheet, "Payload"; decentlab-decoders, DL-CTD10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.model import Decoder, Event


def _water(words: Sequence[int], said: Said) -> None:
    depth, temperature, conductivity, freezing = words
    said.values["depth_mm"] = float(depth - 32768)
    said.values["temperature_c"] = (temperature - 32768) / 10
    said.values["water_ec_us_cm"] = float(conductivity)
    if freezing:
        said.events.append(Event("freezing"))


DECODER: Final = Decoder(
    key="decentlab_dl_ctd10",
    vendor="Decentlab",
    models=("DL-CTD10",),
    kind="level",
    ports=(PORT,),
    quantities=("depth_mm", "temperature_c", "water_ec_us_cm", "battery_v"),
    document="Decentlab DL-CTD10 datasheet, section Payload",
    decode=reader(Block(4, _water)),
    aliases=("DL-CTD10-001",),
)
