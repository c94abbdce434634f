"""Netvox R72632A01: solar-powered, for soil probes, LoRaWAN.

fPort 6 and 7, the frames of `families.netvox_probes`; device type 09.

Sources: Netvox R72632A01 application command document; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, netvox/r72632a01.
"""

from __future__ import annotations

from typing import Final

from decoders.families.netvox_probes import ANSWERS, QUANTITIES, REPORTS, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="netvox_r72632a01",
    vendor="Netvox",
    models=("R72632A01",),
    kind="soil",
    ports=(REPORTS, ANSWERS),
    quantities=QUANTITIES,
    document="Netvox R72632A01 application command document",
    decode=reader({0x09: "R726 Series"}),
    aliases=("Netvox R72632A01", "R726", "R726 Series"),
)
