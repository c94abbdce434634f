"""Sensoterra Multi Depth probe: soil moisture, with temperature, LoRaWAN, in local mode.

The frames of `families.sensoterra`, with six depths of 10, 20, 30, 45, 60 and 90 cm, which are the channels.

Sources: Sensoterra "LoRaWAN local mode" payload description; akenza device-type-library, sensoterra.
"""

from __future__ import annotations

from typing import Final

from decoders.families.sensoterra import PORTS, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="sensoterra_multi_depth",
    vendor="Sensoterra",
    models=("Multi Depth",),
    kind="soil",
    ports=PORTS,
    quantities=("soil_moisture_pct", "temperature_c"),
    document="Sensoterra LoRaWAN local mode payload description",
    decode=reader(("10", "20", "30", "45", "60", "90")),
    aliases=("Multi-Depth", "Sensoterra", "Sensoterra Multi Depth", "Sensoterra Multi-Depth", "Sensoterra local mode"),
)
