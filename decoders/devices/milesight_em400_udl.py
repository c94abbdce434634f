"""Milesight EM400-UDL: ultrasonic distance, LoRaWAN.

fPort 85, items of `families.milesight` (little endian):

    01 75   battery, 1 byte, %
    03 67   temperature, signed 2 bytes, 0.1 °C
    04 82   distance, 2 bytes, mm; fffd outside the measuring range, fffe and ffff not measured
    05 00   position, 1 byte: 0 normal, 1 tilted by 20° or more
    83 67   temperature alarm: as 03 67, then 1 byte: 0 released, 1 raised (a jump of more than 5 °C)
    84 82   distance alarm: as 04 82, then 1 byte: 0 released, 1 raised
    06 88   location, 9 bytes, NB-IoT form only

The temperature has no code of its own: ffff is -0.1 °C.

Sources: Milesight EM400-UDL user guide, chapter 5 "Device Payload"; SensorDecoders, em400-udl, README.
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import DISTANCE, LOCATION, PORT, TEMPERATURE, TILT, alarm, number, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="milesight_em400_udl",
    vendor="Milesight",
    models=("EM400-UDL",),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "temperature_c", "tilted", "battery_pct"),
    document="Milesight EM400-UDL user guide, section 5.2 Sensor Data",
    decode=reader(
        {
            0x0367: number(TEMPERATURE),
            0x0482: number(DISTANCE),
            0x0500: number(TILT),
            0x8367: alarm(TEMPERATURE, "temperature_alarm"),
            0x8482: alarm(DISTANCE, "distance_alarm"),
            0x0688: LOCATION,
        }
    ),
    aliases=("EM400-UDL-868M", "EM400UDL"),
)
