"""Decentlab DL-TRS12: soil moisture, temperature and conductivity (Meter TEROS 12), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, word 0   raw count of the probe, times 10
             word 1   soil temperature, 0.1 °C, plus 32768
             word 2   bulk electrical conductivity, µS/cm
    block 1, word 0   battery, mV

With r = word 0 / 10, as the probe's maker gives them for mineral soil:
    permittivity             (2.887e-9 r³ - 2.080e-5 r² + 5.276e-2 r - 43.39)²
    volumetric water content 3.879e-4 r - 0.6956 m³/m³, slightly negative in air. It is not a percentage.

Sources: Decentlab DL-TRS12 datasheet, "Payload"; decentlab-decoders, DL-TRS12; Meter TEROS 11/12 manual, "Calibration".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, reader
from decoders.frame import Values
from decoders.model import Decoder, Issue


def _soil(words: Sequence[int], values: Values, _issues: list[Issue]) -> None:
    count, temperature, conductivity = words
    r = count / 10
    root = ((2.887e-9 * r - 2.080e-5) * r + 5.276e-2) * r - 43.39
    values["soil_permittivity"] = round(root * root, 9)
    values["soil_vwc"] = (3879 * count - 69_560_000) / 100_000_000  # whole numbers: one rounding only
    values["soil_temperature_c"] = (temperature - 32768) / 10
    values["soil_ec_us_cm"] = float(conductivity)


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
