"""Keller ARC1: level and pressure logger, box and tube, LoRaWAN.

The frames of `families.keller` (big endian): measurements on fPort 1, device information on fPort 4.

Sources: Keller "LoRaWAN payload information", docs.pressuresuite.com; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, keller/arc1-box and arc1-tube.
"""

from __future__ import annotations

from typing import Final

from decoders.families.keller import DECODE, INFORMATION, MEASURED, PARAMS, QUANTITIES
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="keller_arc1",
    vendor="Keller",
    models=("ARC1",),
    kind="level",
    ports=(MEASURED, INFORMATION),
    quantities=QUANTITIES,
    document="Keller LoRaWAN payload information, docs.pressuresuite.com",
    decode=DECODE,
    aliases=("ARC1-Box", "ARC1-Tube", "ARC1 Box", "ARC1 Tube", "Keller ARC1"),
    params=PARAMS,
)
