"""Netvox R900PB02 and R900PB02O1: soil moisture, temperature and conductivity, LoRaWAN.

fPort 22, 13 bytes, the frame of `families.netvox_r900`; device type 0107 R900PB02, 010f R900PB02O1:

    4     battery                                5-6    volumetric water content, 0.01 %
    7-8   soil temperature, signed, 0.01 °C      9-10   conductivity, 0.001 dS/m, which is 1 µS/cm
    11    alarms: bit 0 moisture low, 1 high, 2 temperature low, 3 high, 4 conductivity low, 5 high
    12    01: shaken or opened

fPort 23: answers to downlinks.

Sources: Netvox R900PB02 application command document; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, netvox/r900pb02 and r900pb02o1 (the latter's title there names a water leak sensor).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.netvox_r900 import ANSWERS, REPORTS, reader
from decoders.frame import Status, Values
from decoders.model import Decoder

_FRAME: Final = Struct(">5xHhH")
_ALARMS: Final = (
    *("low_soil_moisture", "high_soil_moisture", "low_soil_temperature", "high_soil_temperature"),
    *("low_soil_ec", "high_soil_ec"),
)


def _read(payload: bytes, values: Values, _status: Status) -> None:
    moisture, temperature, conductivity = _FRAME.unpack_from(payload)
    values["soil_moisture_pct"] = moisture / 100
    values["soil_temperature_c"] = temperature / 100
    values["soil_ec_us_cm"] = float(conductivity)


DECODER: Final = Decoder(
    key="netvox_r900pb02",
    vendor="Netvox",
    models=("R900PB02", "R900PB02O1"),
    kind="soil",
    ports=(REPORTS, ANSWERS),
    quantities=("soil_moisture_pct", "soil_temperature_c", "soil_ec_us_cm", "battery_v"),
    document="Netvox R900PB02 application command document",
    decode=reader({0x0107: "R900PB02", 0x010F: "R900PB02O1"}, 13, _ALARMS, _read),
    aliases=("Netvox R900PB02", "Netvox R900PB02O1"),
)
