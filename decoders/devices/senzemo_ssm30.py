"""Senzemo Senstick SSM30: soil moisture with climate, LoRaWAN.

Big endian. fPort 1 and 2, 10 bytes:

    0    state                            1-2  air temperature, signed, 0.01 °C       3-4  humidity, 0.01 %
    5-6  air pressure, 0.1 hPa            7    battery, 1 V + 10 mV each              8-9  probe, mV

The probe's voltage is read as in `families.senzemo`. fPort 3, 9 bytes: settings.

Sources: Senzemo "LoRaWAN protocol manual Senstick SSM30", HW 3.0 FW 1.0 v1.1; the vendor's "SSM30-Decoder".
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.senzemo import QUANTITIES, moisture
from decoders.frame import Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Decoded, Decoder, Issue, Kind, Params, Reading

_FRAME: Final = Struct(">BhH2xBH")
_SETTINGS: Final = 9


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    state, temperature, humidity, battery, probe = _FRAME.unpack(payload)
    issues: list[Issue] = []
    values: Values = {}
    moisture(probe, values, issues)
    values["temperature_c"] = temperature / 100
    values["humidity_pct"] = humidity / 100
    values["battery_v"] = (100 + battery) / 100
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {"state": state}, issues=issues)


def _settings(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _SETTINGS:
        return refuse_length(payload, _SETTINGS)
    return Decoded(Kind.CONFIG, status={"settings_hex": payload.hex()})


DECODER: Final = Decoder(
    key="senzemo_ssm30",
    vendor="Senzemo",
    models=("SSM30",),
    kind="soil",
    ports=(1, 2, 3),
    quantities=(*QUANTITIES, "temperature_c", "humidity_pct", "battery_v"),
    document="Senzemo LoRaWAN protocol manual Senstick SSM30, HW 3.0 FW 1.0",
    decode=by_port({1: _data, 2: _data, 3: _settings}),
    aliases=("Senstick SSM30", "Senzemo SSM30"),
)
