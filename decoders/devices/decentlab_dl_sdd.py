"""Decentlab DL-SDD: profile of soil moisture, temperature and salinity (Sentek Drill & Drop), LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-5     moisture at levels 0 to 5, 0.01 %, plus 32768
             words 6-11    soil temperature, 0.01 °C, plus 32768
             words 12-17   salinity, plus 100, the probe's own scale; 0: this level measures none
    block 1, words 0-17    the same for levels 6 to 11
    block 2, word 0        battery, mV

Each level is a reading of its own, channels "0" to "11" as the vendor counts them; the battery is in the first.

Sources: Decentlab DL-SDD datasheet, "Payload"; decentlab-decoders, DL-SDD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, ReadBlock, Said, reader
from decoders.frame import Values
from decoders.model import Code, Decoder, Issue


def _levels(first: int) -> ReadBlock:
    def read(words: Sequence[int], said: Said) -> None:
        levels = zip(words[:6], words[6:12], words[12:], strict=True)
        for level, (moisture, temperature, salinity) in enumerate(levels, first):
            values: Values = {
                "soil_moisture_pct": (moisture - 32768) / 100,
                "soil_temperature_c": (temperature - 32768) / 100,
                "soil_salinity_index": float(salinity - 100) if salinity else None,
            }
            if not salinity:
                issue = Issue(Code.NOT_CONNECTED, "soil_salinity_index", 0, f"level {level} measures no salinity")
                said.issues.append(issue)
            said.channels.append((str(level), values))

    return read


DECODER: Final = Decoder(
    key="decentlab_dl_sdd",
    vendor="Decentlab",
    models=("DL-SDD",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_moisture_pct", "soil_temperature_c", "soil_salinity_index", "battery_v"),
    document="Decentlab DL-SDD datasheet, section Payload",
    decode=reader(Block(18, _levels(0)), Block(18, _levels(6))),
    aliases=("DL-SDD-001",),
)
