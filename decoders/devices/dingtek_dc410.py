"""Dingtek DC410 and DC413: level and movement in manholes, LoRaWAN.

fPort 3, 17 bytes, or 25 with a place: the data of `families.dingtek`; the level is the distance from the sensor down,
0 and ffff no echo. Alarms: full, motion (of the cover), battery low.

Sources: vendor codecs of the DC410 and the DC413 in the LoRaWAN device catalogue, with examples; its description of
both models.
"""

from __future__ import annotations

from typing import Final

from decoders.families.dingtek import PORT, usual
from decoders.frame import by_port
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="dingtek_dc410",
    vendor="Dingtek",
    models=("DC410", "DC413"),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "temperature_c", "tilt_deg", "tilted"),
    document="Dingtek DC410 codec in the LoRaWAN device catalogue",
    decode=by_port({PORT: usual("distance_mm", {"level": "full", "motion": "motion"})}),
)
