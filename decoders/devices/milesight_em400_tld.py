"""Milesight EM400-TLD: laser time-of-flight distance, LoRaWAN.

fPort 85, the items of `families.milesight_em400`: battery 01 75, temperature 03 67, distance 04 82, position 05 00,
alarms 83 67 and 84 82.

Sources: Milesight EM400-TLD user guide, chapter 5 "Device Payload"; SensorDecoders, em400-tld, README.
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import PORT, reader
from decoders.families.milesight_em400 import ITEMS, QUANTITIES
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="milesight_em400_tld",
    vendor="Milesight",
    models=("EM400-TLD",),
    kind="level",
    ports=(PORT,),
    quantities=QUANTITIES,
    document="Milesight EM400-TLD user guide, section 5.2 Sensor Data",
    decode=reader(ITEMS),
    aliases=("EM400-TLD-868M", "EM400TLD"),
    params=("lenient",),
)
