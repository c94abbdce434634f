"""Pepperl+Fuchs WILSEN.sonic.distance: ultrasonic distance and water level, with GPS, LoRaWAN.

fPort 1, the items of `families.wilsen` (big endian): temperature 02 01, distance
0b 02 in mm or water level 0b 08, amplitude 0b 07, battery 51 01, place 50 01 and 50 02; serial number and counters in a
frame of their own.

Sources: Pepperl+Fuchs "WILSEN.sonic.distance payload description"; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, pepperl-fuchs/wilsen-sonic-distance.
"""

from __future__ import annotations

from typing import Final

from decoders.families.wilsen import DECODE, PORT, QUANTITIES
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="pepperl_fuchs_wilsen_sonic_distance",
    vendor="Pepperl+Fuchs",
    models=("WILSEN.sonic.distance",),
    kind="level",
    ports=(PORT,),
    quantities=QUANTITIES,
    document="Pepperl+Fuchs WILSEN.sonic.distance payload description",
    decode=DECODE,
    aliases=("WILSEN Sonic Distance", "WILSEN-sonic-distance", "Pepperl+Fuchs WILSEN.sonic.distance"),
)
