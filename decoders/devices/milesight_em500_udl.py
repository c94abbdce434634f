"""Milesight EM500-UDL: ultrasonic distance with a probe on a cable, LoRaWAN.

fPort 85, items of `families.milesight` (little endian):

    01 75   battery, 1 byte, %
    03 82   distance, 2 bytes, mm; fffd outside the measuring range, fffe and ffff not measured
    83 e9   distance alarm: as 03 82, its change (2 bytes, mm), then 1 byte: 0 released, 1 raised, 2 the distance jumped
    20 ce   stored record: Unix seconds (4), distance as 03 82

The vendor's code divides both numbers of 83 e9 by 10; its own table of the same item says mm, as everywhere else.

Sources: Milesight EM500 series user guide, chapter "Device Payload"; EM500-UDL Payload Structure V1.0;
SensorDecoders, em500-udl, README and table.
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import DISTANCE, PORT, Field, Items, alarm, number, reader, record
from decoders.model import Decoder

_ITEMS: Final[Items] = {
    0x0382: number(DISTANCE),
    0x83E9: alarm(DISTANCE, "distance_alarm", {2: "distance_jump"}, Field("change_mm", "H")),
    0x20CE: record(DISTANCE),
}

DECODER: Final = Decoder(
    key="milesight_em500_udl",
    vendor="Milesight",
    models=("EM500-UDL",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "battery_pct"),
    document="Milesight EM500 series user guide, chapter Device Payload",
    decode=reader(_ITEMS),
    aliases=("EM500-UDL-868M", "EM500UDL"),
    params=("lenient",),
)
