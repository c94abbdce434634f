"""Dragino LSE01: soil moisture, temperature and conductivity, LoRaWAN. The first generation, fPort 2 only.

The frame of 11 bytes is that of `families.dragino_soil`.

Sources: Dragino LSE01 user manual v1.5, 2.3 "Uplink Payload", pages 12 and 13; vendor decoders V1.1.4 and V1.2.1.
"""

from __future__ import annotations

from typing import Final

from decoders.families.dragino import DATA
from decoders.families.dragino_soil import LENGTH, soil_frame
from decoders.frame import by_port, refuse_length
from decoders.model import Decoded, Decoder, Params


def _data(payload: bytes, _params: Params) -> Decoded:
    return soil_frame(payload, {}) if len(payload) == LENGTH else refuse_length(payload, LENGTH)


DECODER: Final = Decoder(
    key="dragino_lse01",
    vendor="Dragino",
    models=("LSE01",),
    kind="soil",
    ports=(DATA,),
    quantities=(
        "soil_moisture_pct",
        "soil_temperature_c",
        "soil_ec_us_cm",
        "soil_permittivity",
        "soil_moisture_raw",
        "soil_ec_raw",
        "temperature_c",
        "battery_v",
    ),
    document="Dragino LSE01 user manual v1.5, pages 12 and 13",
    decode=by_port({DATA: _data}),
)
