"""Dingtek DF530: level of liquid in tanks, measured through the bottom by ultrasound, LoRaWAN.

fPort 3, 17 bytes, or 25 with a place: the data of `families.dingtek`. The level grows as the tank fills: its alarm is
"empty", and it is raised at 15 mm when the threshold is 30 cm.

Sources: vendor codec of the DF530 in the LoRaWAN device catalogue, with examples.
"""

from __future__ import annotations

from typing import Final

from decoders.families.dingtek import PORT, usual
from decoders.frame import by_port
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="dingtek_df530",
    vendor="Dingtek",
    models=("DF530",),
    kind="level",
    ports=(PORT,),
    quantities=("depth_mm", "temperature_c"),
    document="Dingtek DF530 codec in the LoRaWAN device catalogue",
    decode=by_port({PORT: usual("depth_mm", {"level": "empty"})}),
)
