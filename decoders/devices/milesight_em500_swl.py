"""Milesight EM500-SWL: depth of water above a submersible probe, LoRaWAN.

fPort 85, items of `families.milesight` (little endian):

    01 75   battery, 1 byte, %
    03 77   depth of the water, 2 bytes, cm; fffd outside the measuring range, ffff reading the probe failed
    20 ce   stored record: Unix seconds (4), depth as 03 77

The depth grows as the vessel fills, unlike a distance.

Sources: Milesight EM500 series user guide, chapter "Device Payload"; SensorDecoders, em500-swl, README and table.
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import PORT, PROBE_CODES, Field, Items, number, reader, record
from decoders.model import Decoder

_DEPTH: Final = Field("depth_mm", "H", 1, PROBE_CODES, factor=10)

_ITEMS: Final[Items] = {0x0377: number(_DEPTH), 0x20CE: record(_DEPTH)}

DECODER: Final = Decoder(
    key="milesight_em500_swl",
    vendor="Milesight",
    models=("EM500-SWL",),
    kind="level",
    ports=(PORT,),
    quantities=("depth_mm", "battery_pct"),
    document="Milesight EM500 series user guide, chapter Device Payload",
    decode=reader(_ITEMS),
    aliases=("EM500-SWL-868M", "EM500SWL"),
    params=("lenient",),
)
