"""Decentlab DL-10HS: soil moisture (Decagon 10HS), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, word 0   voltage of the probe, 3000 mV / 32768, plus 32768
    block 1, word 0   battery, mV

With u = voltage in mV, as the probe's maker gives it: volumetric water content
2.97e-9 u³ - 7.37e-6 u² + 6.69e-3 u - 1.92 m³/m³. It is not a percentage. Outside of what soil can hold, no value.

Sources: Decentlab DL-10HS datasheet, "Payload"; decentlab-decoders, DL-10HS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.model import Decoder


def _soil(words: Sequence[int], said: Said) -> None:
    u = 3000 * (words[0] - 32768) / 32768
    said.values["soil_moisture_raw"] = u
    said.values["soil_vwc"] = round(((2.97e-9 * u - 7.37e-6) * u + 6.69e-3) * u - 1.92, 12)


DECODER: Final = Decoder(
    key="decentlab_dl_10hs",
    vendor="Decentlab",
    models=("DL-10HS",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_moisture_raw", "soil_vwc", "battery_v"),
    document="Decentlab DL-10HS datasheet, section Payload",
    decode=reader(Block(1, _soil)),
    aliases=("DL-10HS-001",),
)
