"""Dragino NSE01: soil moisture, temperature and conductivity, NB-IoT.

The frame of `families.dragino_nb` with records of:

    0-1    volumetric water content, 0.01 %
    2-3    soil temperature, signed, 0.01 °C
    4-5    conductivity, µS/cm
    6-7    dielectric constant, 0.1
    8-11   time

One of the vendor's decoders divides the conductivity by 10; the manual does not, nor does it for the LSE01, the same
probe on LoRaWAN. A reader that is known to many, akenza's, slips by a bit from the second record on: its 16.7 °C are
8.35 °C.

Sources: Dragino NSE01 user manual, 2.4 "Uplink Payload"; vendor decoder of NSE01; a frame in akenza's tests.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino_nb import PORTS, reader
from decoders.families.dragino_soil import measured
from decoders.frame import Values
from decoders.model import Decoder, Issue

_RECORD: Final = Struct(">HhHH")


def _record(payload: bytes, at: int, _issues: list[Issue]) -> Values:
    moisture, temperature, conductivity, dielectric = _RECORD.unpack_from(payload, at)
    values = measured(moisture, temperature, conductivity)
    values["soil_permittivity"] = dielectric / 10
    return values


DECODER: Final = Decoder(
    key="dragino_nse01",
    vendor="Dragino",
    models=("NSE01",),
    kind="soil",
    ports=PORTS,
    quantities=("soil_moisture_pct", "soil_temperature_c", "soil_ec_us_cm", "soil_permittivity", "battery_v"),
    document="Dragino NSE01 user manual, section 2.4 Uplink Payload",
    decode=reader(_RECORD.size, _record),
)
