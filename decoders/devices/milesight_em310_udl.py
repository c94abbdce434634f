"""Milesight EM310-UDL: ultrasonic distance, LoRaWAN.

fPort 85, items of `families.milesight` (little endian):

    01 75   battery, 1 byte, %; about every 6 hours, not in every frame
    03 82   distance, 2 bytes, mm; fffd outside the measuring range, fffe and ffff not measured
    04 00   position, 1 byte: 0 normal, 1 tilted by 20° or more

Sources: Milesight EM310-UDL user guide, chapter 5 "Device Payload"; SensorDecoders, em310-udl, README.
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import DISTANCE, PORT, TILT, number, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="milesight_em310_udl",
    vendor="Milesight",
    models=("EM310-UDL",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "tilted", "battery_pct"),
    document="Milesight EM310-UDL user guide, chapter 5 Device Payload",
    decode=reader({0x0382: number(DISTANCE), 0x0400: number(TILT)}),
    aliases=("EM310-UDL-868M", "EM310UDL"),
    params=("lenient",),
)
