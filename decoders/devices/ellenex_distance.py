"""Ellenex DUS2-L, DUS3-L, DUC2-L, DUC3-L (ultrasonic), DRC3-L (radar): distance, LoRaWAN, firmware version 6.

fPort 15, the CBOR map of `families.ellenex`: distance `D` in m, battery `v` in mV.

Sources: Ellenex "Version 6 payload", as in the vendor's decoders.
"""

from __future__ import annotations

from typing import Final

from decoders.families.ellenex import PORT, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="ellenex_distance",
    vendor="Ellenex",
    models=("DUS2-L", "DUS3-L", "DUC2-L", "DUC3-L", "DRC3-L"),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "battery_v"),
    document="Ellenex Version 6 payload",
    decode=reader({"D": "distance_mm"}),
    aliases=(
        "DUS2",
        "DUS3",
        "DUC2",
        "DUC3",
        "DRC3",
        "DUS2-L v6",
        "DUS3-L v6",
        "DUC2-L v6",
        "DUC3-L v6",
        "DRC3-L v6",
        "Ellenex DRC3-L",
        "Ellenex DUC2-L",
        "Ellenex DUC3-L",
        "Ellenex DUS2-L",
        "Ellenex DUS3-L",
    ),
)
