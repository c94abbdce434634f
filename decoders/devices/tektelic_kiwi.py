"""Tektelic KIWI: soil moisture and temperature at the surface, two Watermark probes, air, LoRaWAN.

The items of `families.tektelic` (big endian) on fPort 10; answers to downlinks on 100 and 101.

Sources: Tektelic "Agriculture Sensor Technical Reference Manual" T0005978_TRM, 3.1 "Uplink Payload"; the vendor's codec
and a frame in TheThingsNetwork/lorawan-devices, tektelic/t00059xx.
"""

from __future__ import annotations

from typing import Final

from decoders.families.tektelic import DECODE, PORTS, QUANTITIES
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="tektelic_kiwi",
    vendor="Tektelic",
    models=("KIWI",),
    kind="soil",
    ports=PORTS,
    quantities=QUANTITIES,
    document="Tektelic Agriculture Sensor Technical Reference Manual T0005978_TRM, section 3.1",
    decode=DECODE,
    aliases=("Tektelic KIWI", "KIWI Agriculture Sensor"),
)
