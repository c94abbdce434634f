"""Dragino LSNPK01: nitrogen, phosphorus and potassium in the soil, LoRaWAN. fPort 2 only.

fPort 2, 11 bytes:

    0-1   battery, see `families.dragino`
    2-3   external DS18B20, signed, 0.1 °C
    4-5   nitrogen, mg/kg
    6-7   phosphorus, mg/kg
    8-9   potassium, mg/kg
    10    bits 4-7: type of the frame, 2 an answer with settings; bits 0-3: sent because of the interrupt pin

The catalogue's example has a type that no manual names (12); so all but the answer are read as data.

Sources: Dragino LSNPK01 user manual, 2.3 "Uplink Payload"; vendor codec in the catalogue and its example.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import DATA, INTERRUPT, battery_v, ds18b20_c, settings
from decoders.frame import Values, assemble, by_port, refuse_length
from decoders.model import Decoded, Decoder, Issue, Kind, Params, Reading

_FRAME: Final = Struct(">Hh3HB")
_ANSWER: Final = 2


def _data(payload: bytes, params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    battery, external, nitrogen, phosphorus, potassium, flags = _FRAME.unpack(payload)
    if flags >> 4 == _ANSWER:
        return settings(payload, params)
    issues: list[Issue] = []
    values: Values = {
        "soil_n_mg_kg": float(nitrogen),
        "soil_p_mg_kg": float(phosphorus),
        "soil_k_mg_kg": float(potassium),
        "temperature_c": ds18b20_c(external, issues),
        "battery_v": battery_v(battery),
    }
    return assemble(Kind.TELEMETRY, (Reading(values),), {}, INTERRUPT if flags & 0x0F else (), issues)


DECODER: Final = Decoder(
    key="dragino_lsnpk01",
    vendor="Dragino",
    models=("LSNPK01",),
    kind="soil",
    ports=(DATA,),
    quantities=("soil_n_mg_kg", "soil_p_mg_kg", "soil_k_mg_kg", "temperature_c", "battery_v"),
    document="Dragino LSNPK01 user manual, section 2.3 Uplink Payload",
    decode=by_port({DATA: _data}),
)
