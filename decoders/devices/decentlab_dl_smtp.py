"""Decentlab DL-SMTP: profile of soil moisture and temperature, up to eight depths, LoRaWAN.

fPort 1, words behind the head of `families.decentlab`:

    block 0, words 0-1     moisture at depth 0, 2500 is 0, 500 steps are 1, a scale of the probe's own; both words 0:
                           the probe has no such depth
                           soil temperature at depth 0, 0.01 °C, plus 32768
             words 2-15    the same for depths 1 to 7
    block 1, word 0        battery, mV

Each depth is a reading of its own, channels "0" to "7" as the vendor counts them; the battery is in the first.

Sources: Decentlab DL-SMTP datasheet, "Payload"; decentlab-decoders, DL-SMTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import PORT, Block, Said, reader
from decoders.frame import Values
from decoders.model import Code, Decoder, Issue


def _depths(words: Sequence[int], said: Said) -> None:
    for depth, (moisture, temperature) in enumerate(zip(words[::2], words[1::2], strict=True)):
        values: Values = {"soil_moisture_index": None, "soil_temperature_c": None}
        if moisture or temperature:
            values["soil_moisture_index"] = (moisture - 2500) / 500
            values["soil_temperature_c"] = (temperature - 32768) / 100
        else:
            said.issues += [Issue(Code.NOT_CONNECTED, key, 0, f"the probe has no depth {depth}") for key in values]
        said.channels.append((str(depth), values))


DECODER: Final = Decoder(
    key="decentlab_dl_smtp",
    vendor="Decentlab",
    models=("DL-SMTP",),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_moisture_index", "soil_temperature_c", "battery_v"),
    document="Decentlab DL-SMTP datasheet, section Payload",
    decode=reader(Block(16, _depths)),
    aliases=("DL-SMTP-001",),
)
