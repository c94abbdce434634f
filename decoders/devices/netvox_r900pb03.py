"""Netvox R900PB03 and R900PB03O1: ultrasonic distance and fill level, LoRaWAN.

fPort 22, 11 bytes, the frame of `families.netvox_r900`; device type 0108 R900PB03, 0110 R900PB03O1:

    4    battery             5     01: nearer than the limit
    6-7  distance, mm        8     fill level, %
    9    alarms: bit 0 distance low, 1 distance high, 2 fill level low, 3 fill level high
    10   01: shaken or opened

fPort 23: answers to downlinks.

Sources: Netvox R900PB03 application command document; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, netvox/r900pb03 and r900pb03o1.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.netvox_r900 import ANSWERS, REPORTS, reader
from decoders.frame import Status, Values
from decoders.model import Decoder

_FRAME: Final = Struct(">5xBHB")
_ALARMS: Final = ("low_distance", "high_distance", "low_fill_level", "high_fill_level")


def _read(payload: bytes, values: Values, status: Status) -> None:
    near, distance, fill = _FRAME.unpack_from(payload)
    status["near"] = near > 0
    values["distance_mm"] = float(distance)
    values["fill_reported_pct"] = float(fill)


DECODER: Final = Decoder(
    key="netvox_r900pb03",
    vendor="Netvox",
    models=("R900PB03", "R900PB03O1"),
    kind="level",
    ports=(REPORTS, ANSWERS),
    quantities=("distance_mm", "fill_reported_pct", "battery_v"),
    document="Netvox R900PB03 application command document",
    decode=reader({0x0108: "R900PB03", 0x0110: "R900PB03O1"}, 11, _ALARMS, _read),
    aliases=("Netvox R900PB03", "Netvox R900PB03O1"),
)
