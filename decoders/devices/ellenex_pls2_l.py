"""Ellenex PLS2-L, PLS3-L: submersible level of liquids, LoRaWAN, firmware version 6.

fPort 15, the CBOR map of `families.ellenex`: level `L` in m, battery `v` in mV.

Sources: Ellenex "Version 6 payload"; a frame in TheThingsNetwork/lorawan-devices, ellenex/pls2-l-v6.
"""

from __future__ import annotations

from typing import Final

from decoders.families.ellenex import PORT, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="ellenex_pls2_l",
    vendor="Ellenex",
    models=("PLS2-L", "PLS3-L"),
    kind="level",
    ports=(PORT,),
    quantities=("depth_mm", "battery_v"),
    document="Ellenex Version 6 payload",
    decode=reader({"L": "depth_mm"}),
    aliases=("PLS2-L v6", "PLS3-L v6", "Ellenex PLS2-L", "pls2-l-v6", "Ellenex PLS3-L"),
)
