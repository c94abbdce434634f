"""Milesight EM400: three distance sensors that differ in how they measure, not in what they send.

fPort 85, items of `families.milesight` (little endian):

    01 75   battery, 1 byte, %
    03 67   temperature, signed 2 bytes, 0.1 °C; it has no code: ffff is -0.1 °C
    04 82   distance, 2 bytes, mm; fffd outside the measuring range, fffe and ffff not measured
    05 00   position, 1 byte: 0 normal, 1 tilted by 20° or more
    83 67   temperature alarm (a jump of more than 5 °C): as 03 67, then 1 byte: 0 released, 1 raised
    84 82   distance alarm: as 04 82, then 1 byte: 0 released, 1 raised
    06 88   location, 9 bytes, NB-IoT form only

The NB-IoT forms wrap these items in a frame with the numbers of their SIM card; that frame is not read here.
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import DISTANCE, LOCATION, TEMPERATURE, TILT, Items, alarm, number

QUANTITIES: Final = ("distance_mm", "temperature_c", "tilted", "battery_pct")

ITEMS: Final[Items] = {
    0x0367: number(TEMPERATURE),
    0x0482: number(DISTANCE),
    0x0500: number(TILT),
    0x8367: alarm(TEMPERATURE, "temperature_alarm"),
    0x8482: alarm(DISTANCE, "distance_alarm"),
    0x0688: LOCATION,
}
