"""Netvox RA07 series: for soil, water and air probes, LoRaWAN.

fPort 6 and 7, the frames of `families.netvox_probes`; device type 05.

Sources: Netvox RA07 series application command document; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, netvox/ra0715.
"""

from __future__ import annotations

from typing import Final

from decoders.families.netvox_probes import ANSWERS, QUANTITIES, REPORTS, reader
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="netvox_ra07",
    vendor="Netvox",
    models=("RA0715", "RA0715Y"),
    kind="soil",
    ports=(REPORTS, ANSWERS),
    quantities=QUANTITIES,
    document="Netvox RA07 series application command document",
    decode=reader({0x05: "RA07 Series"}),
    aliases=("RA07", "RA07xx", "RA07 Series", "Netvox RA07", "Netvox RA07xx", "Netvox RA0715", "Netvox RA0715Y"),
)
