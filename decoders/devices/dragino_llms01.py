"""Dragino LLMS01: leaf moisture and temperature, LoRaWAN. fPort 2 only.

fPort 2, 11 bytes:

    0-1   battery, see `families.dragino`
    2-3   external DS18B20, signed, 0.1 °C
    4-5   leaf moisture, 0.1 %
    6-7   leaf temperature, signed, 0.1 °C
    8     not 0: sent because of the interrupt pin
    9     not used
    10    type of the frame, see `families.dragino`

The vendor's code subtracts ffff, not 10000, from a negative temperature, so its values are 0.1 °C too warm.

Sources: Dragino LLMS01 user manual, 2.3 "Uplink Payload"; vendor decoder V1.0.0; catalogue example.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import DATA, INTERRUPT, battery_v, ds18b20_c, typed
from decoders.frame import Values, assemble, by_port, check_limits
from decoders.model import Decoded, Decoder, Issue, Kind, Params, Reading

_FRAME: Final = Struct(">HhHhBxB")


def _data(payload: bytes, _params: Params) -> Decoded:
    battery, external, first, temperature, interrupt, _ = _FRAME.unpack(payload)
    issues: list[Issue] = []
    values: Values = {
        "leaf_moisture_pct": first / 10,
        "leaf_temperature_c": temperature / 10,
        "temperature_c": ds18b20_c(external, issues),
        "battery_v": battery_v(battery),
    }
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {}, INTERRUPT if interrupt else (), issues)


DECODER: Final = Decoder(
    key="dragino_llms01",
    vendor="Dragino",
    models=("LLMS01",),
    kind="soil",
    ports=(DATA,),
    quantities=("leaf_moisture_pct", "leaf_temperature_c", "temperature_c", "battery_v"),
    document="Dragino LLMS01 user manual, section 2.3 Uplink Payload",
    decode=by_port({DATA: typed(_FRAME.size, _data)}),
)
