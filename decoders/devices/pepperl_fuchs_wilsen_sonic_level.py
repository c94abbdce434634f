"""Pepperl+Fuchs WILSEN.sonic.level: ultrasonic fill level of glass, paper and clothes containers, with GPS, LoRaWAN.

fPort 1, the items of `families.wilsen` (big endian): temperature 02 01, distance
0b 01 in cm or 0b 02 in mm, fill level 0b 06, battery 51 01, place 50 01 and 50 02; serial number and counters in a
frame of their own.

Sources: Pepperl+Fuchs "WILSEN.sonic.level payload description"; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, pepperl-fuchs/wilsen-sonic-level.
"""

from __future__ import annotations

from typing import Final

from decoders.families.wilsen import DECODE, PORT, QUANTITIES
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="pepperl_fuchs_wilsen_sonic_level",
    vendor="Pepperl+Fuchs",
    models=("WILSEN.sonic.level",),
    kind="level",
    ports=(PORT,),
    quantities=QUANTITIES,
    document="Pepperl+Fuchs WILSEN.sonic.level payload description",
    decode=DECODE,
    aliases=("WILSEN Sonic Level", "WILSEN-sonic-level", "Pepperl+Fuchs WILSEN.sonic.level"),
)
