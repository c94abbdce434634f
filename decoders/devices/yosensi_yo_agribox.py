"""Yosensi YO Agribox: up to eight soil probes, valves and climate, LoRaWAN.

The frame of `families.yosensi` (big endian) with battery (type 2), temperature (3), humidity (4), output voltages (17)
and soil moisture in % (25); the address 0, 1, 2 … of a moisture is channel "1", "2", "3" …

Sources: Yosensi "Payload V2 description"; akenza device-type-library, yosensi/YO-Agribox, with a frame.
"""

from __future__ import annotations

from typing import Final

from decoders.families.yosensi import PORTS, reader
from decoders.model import Decoder

_MOISTURE: Final = 25

DECODER: Final = Decoder(
    key="yosensi_yo_agribox",
    vendor="Yosensi",
    models=("YO Agribox",),
    kind="soil",
    ports=PORTS,
    quantities=("soil_moisture_pct", "temperature_c", "humidity_pct", "battery_v"),
    document="Yosensi Payload V2 description",
    decode=reader(
        {2: "battery_v", 3: "temperature_c", 4: "humidity_pct", _MOISTURE: "soil_moisture_pct"}, channelled=_MOISTURE
    ),
    aliases=("YO-Agribox", "Yosensi YO Agribox", "Yosensi YO-Agribox", "Agribox"),
)
