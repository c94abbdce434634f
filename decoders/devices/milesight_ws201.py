"""Milesight WS201: fill level of small boxes (time of flight), LoRaWAN.

fPort 85, items of `families.milesight` (little endian):

    01 75   battery, 1 byte, %
    03 82   distance, 2 bytes, mm; fffd outside the measuring range, fffe and ffff not measured
    04 d6   what remains in the box, 1 byte, %, by the depth that is set in the device

Sources: Milesight WS201 user guide, section 5.2 "Sensor Data"; SensorDecoders, ws201, README.
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import DISTANCE, PORT, Field, Items, number, reader
from decoders.model import Decoder

_ITEMS: Final[Items] = {0x0382: number(DISTANCE), 0x04D6: number(Field("fill_reported_pct", "B"))}

DECODER: Final = Decoder(
    key="milesight_ws201",
    vendor="Milesight",
    models=("WS201",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "fill_reported_pct", "battery_pct"),
    document="Milesight WS201 user guide, section 5.2 Sensor Data",
    decode=reader(_ITEMS),
    aliases=("WS201-868M",),
    params=("lenient",),
)
