"""Dingtek DF555: ultrasonic level of tanks, mounted on top, LoRaWAN.

fPort 3, 17 bytes, or 25 with a place: the data of `families.dingtek`; the level is the distance from the sensor down,
0 and ffff no echo.

Sources: vendor codec of the DF555 in the LoRaWAN device catalogue, with examples; its description of the model.
"""

from __future__ import annotations

from typing import Final

from decoders.families.dingtek import PORT, usual
from decoders.frame import by_port
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="dingtek_df555",
    vendor="Dingtek",
    models=("DF555",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "temperature_c"),
    document="Dingtek DF555 codec in the LoRaWAN device catalogue",
    decode=by_port({PORT: usual("distance_mm", {"level": "level_alarm"})}),
)
