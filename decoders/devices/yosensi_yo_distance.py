"""Yosensi YO Distance: time-of-flight distance with climate, LoRaWAN.

The frame of `families.yosensi` (big endian) with battery (type 2), temperature (3), humidity (4), distance in mm (10)
and, in one variant, acceleration (18).

Sources: Yosensi "Payload V2 description"; akenza device-type-library, yosensi/YO-Distance, with two frames.
"""

from __future__ import annotations

from typing import Final

from decoders.families.yosensi import PORTS, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="yosensi_yo_distance",
    vendor="Yosensi",
    models=("YO Distance",),
    kind="level",
    ports=PORTS,
    quantities=("distance_mm", "temperature_c", "humidity_pct", "battery_v"),
    document="Yosensi Payload V2 description",
    decode=reader({2: "battery_v", 3: "temperature_c", 4: "humidity_pct", 10: "distance_mm"}),
    aliases=("YO-Distance", "Yosensi YO Distance", "Yosensi YO-Distance"),
)
