"""Decentlab DL-GS3: soil moisture, temperature and conductivity (Decagon GS3), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, word 0   permittivity, 0.01
             word 1   soil temperature, 0.1 °C, plus 32768
             word 2   conductivity, µS/cm
    block 1, word 0   battery, mV

With e = permittivity, as the probe's maker gives it for growing media: volumetric water content
5.89e-6 e³ - 7.62e-4 e² + 3.67e-2 e - 7.53e-2 m³/m³. It is not a percentage.

Sources: Decentlab DL-GS3 datasheet, "Payload"; decentlab-decoders, DL-GS3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.model import Decoder


def _soil(words: Sequence[int], said: Said) -> None:
    permittivity, temperature, conductivity = words
    e = permittivity / 100
    said.values["soil_permittivity"] = e
    said.values["soil_vwc"] = round(((5.89e-6 * e - 7.62e-4) * e + 3.67e-2) * e - 7.53e-2, 12)
    said.values["soil_temperature_c"] = (temperature - 32768) / 10
    said.values["soil_ec_us_cm"] = float(conductivity)


DECODER: Final = Decoder(
    key="decentlab_dl_gs3",
    vendor="Decentlab",
    models=("DL-GS3",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_permittivity", "soil_vwc", "soil_temperature_c", "soil_ec_us_cm", "battery_v"),
    document="Decentlab DL-GS3 datasheet, section Payload",
    decode=reader(Block(3, _soil)),
    aliases=("DL-GS3-001",),
)
