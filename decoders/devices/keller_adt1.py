"""Keller ADT1: level and pressure transmitter, box and tube, LoRaWAN.

The frames of `families.keller` (big endian): measurements on fPort 1, device information on fPort 4.

Sources: Keller "LoRaWAN payload information", docs.pressuresuite.com; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, keller/adt1-box and adt1-tube.
"""

from __future__ import annotations

from typing import Final

from decoders.families.keller import DECODE, INFORMATION, MEASURED, PARAMS, QUANTITIES
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="keller_adt1",
    vendor="Keller",
    models=("ADT1",),
    kind="level",
    ports=(MEASURED, INFORMATION),
    quantities=QUANTITIES,
    document="Keller LoRaWAN payload information, docs.pressuresuite.com",
    decode=DECODE,
    aliases=("ADT1-Box", "ADT1-Tube", "ADT1 Box", "ADT1 Tube", "Keller ADT1"),
    params=PARAMS,
)
