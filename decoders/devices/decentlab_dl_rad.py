"""Decentlab DL-RAD: radar distance and level, LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, word 0   distance, mm
             word 1   temperature, 0.01 °C, plus 32768
             word 2   reliability of the echo, 0.01 dB, plus 32768
             word 3   status bits, which the vendor does not explain
    block 1, word 0   battery, mV

Sources: Decentlab DL-RAD datasheet, "Payload"; decentlab-decoders, DL-RAD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.model import Decoder


def _distance(words: Sequence[int], said: Said) -> None:
    distance, temperature, reliability, state = words
    said.values["distance_mm"] = float(distance)
    said.values["temperature_c"] = (temperature - 32768) / 100
    said.values["echo_quality"] = (reliability - 32768) / 100
    said.status["radar_status"] = state


DECODER: Final = Decoder(
    key="decentlab_dl_rad",
    vendor="Decentlab",
    models=("DL-RAD",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "temperature_c", "echo_quality", "battery_v"),
    document="Decentlab DL-RAD datasheet, section Payload",
    decode=reader(Block(4, _distance)),
    aliases=("DL-RAD-001",),
)
