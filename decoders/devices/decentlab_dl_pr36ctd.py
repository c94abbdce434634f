"""Decentlab DL-PR36CTD: pressure and liquid level, temperature and conductivity (Keller), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-1   the words of `families.decentlab_pressure` for this model; the electronics' is status
             word 2      temperature of the water (PT1000), 1/256 °C, plus 32768
             word 3      conductivity, plus 32768; `kec` steps are 1 mS/cm
    block 1, word 0      battery, mV

The parameters `kp` and `kec` are how many steps are 1 bar and 1 mS/cm.

Sources: Decentlab DL-PR36CTD datasheet, "Payload"; decentlab-decoders, DL-PR36CTD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, parameter, reader
from decoders.families.decentlab_pressure import stepped
from decoders.model import Code, Decoder, Issue


def _water(words: Sequence[int], said: Said) -> None:
    pressure, electronics, temperature, conductivity = words
    stepped(pressure, said)
    said.status["electronics_temperature_c"] = (electronics - 32768) / 256
    said.values["temperature_c"] = (temperature - 32768) / 256
    steps = parameter(said, "kec", 1, 1_000_000)
    said.values["water_ec_us_cm"] = None if steps is None else 1000 * (conductivity - 32768) / steps
    if steps is None:
        detail = "the device's profile must say kec, the steps of 1 mS/cm"
        said.issues.append(Issue(Code.MISSING_PARAMETER, "water_ec_us_cm", conductivity, detail))


DECODER: Final = Decoder(
    key="decentlab_dl_pr36ctd",
    vendor="Decentlab",
    models=("DL-PR36CTD",),
    kind="level",
    ports=(PORT,),
    quantities=("pressure_kpa", "temperature_c", "water_ec_us_cm", "battery_v"),
    document="Decentlab DL-PR36CTD datasheet, section Payload",
    decode=reader(Block(4, _water)),
    aliases=("DL-PR36CTD-001",),
    params=("kp", "kec"),
)
