"""Sensoterra Single Depth probe: soil moisture, with temperature, LoRaWAN, in local mode.

The frames of `families.sensoterra`, with one depth, the first of the frame; the other places are not used.

Sources: Sensoterra "LoRaWAN local mode" payload description; akenza device-type-library, sensoterra.
"""

from __future__ import annotations

from typing import Final

from decoders.families.sensoterra import PORTS, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="sensoterra_single_depth",
    vendor="Sensoterra",
    models=("Single Depth",),
    kind="soil",
    ports=PORTS,
    quantities=("soil_moisture_pct", "temperature_c"),
    document="Sensoterra LoRaWAN local mode payload description",
    decode=reader((None,)),
    aliases=("Single-Depth", "Sensoterra Single Depth", "Sensoterra Single-Depth Sensor"),
)
