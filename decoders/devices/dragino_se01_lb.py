"""Dragino SE01-LB and SE01-LS (solar): soil moisture, temperature and conductivity, LoRaWAN.

fPort 2, 11 bytes: the frame of `families.dragino_soil`; 15 bytes in counting mode: 11-14 pulses counted.
fPort 3: stored records, `families.dragino_soil`. fPort 4: settings. fPort 5: device information.

Sources: Dragino SE01-LB user manual, 2.3 "Uplink Payload"; vendor decoders of SE01-LB;
Tasmota's SE01-L decoder (lengths).
"""

from __future__ import annotations

from typing import Final

from decoders.families.dragino import DATA, INFORMATION, RECORDS, SETTINGS, information, records, settings
from decoders.families.dragino_soil import LENGTH, soil_frame, soil_record
from decoders.frame import by_port, refuse_length
from decoders.model import Decoded, Decoder, Params

_COUNTING: Final = LENGTH + 4


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) == _COUNTING:
        return soil_frame(payload, {"pulses": int.from_bytes(payload[LENGTH:])})
    return soil_frame(payload, {}) if len(payload) == LENGTH else refuse_length(payload, LENGTH)


DECODER: Final = Decoder(
    key="dragino_se01_lb",
    vendor="Dragino",
    models=("SE01-LB",),
    kind="soil",
    ports=(DATA, RECORDS, SETTINGS, INFORMATION),
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
    document="Dragino SE01-LB/LS user manual, section 2.3 Uplink Payload",
    decode=by_port(
        {
            DATA: _data,
            RECORDS: records(soil_record),
            SETTINGS: settings,
            INFORMATION: information({0x26: "SE01-LB"}),
        }
    ),
    aliases=("SE01-LS", "SE01-LB/LS"),
)
