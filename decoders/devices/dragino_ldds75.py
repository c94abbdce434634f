"""Dragino LDDS75, LDDS45, LDDS20: ultrasonic distance, LoRaWAN. The first generation, fPort 2 only.

The frame of 8 bytes is that of `families.dragino_distance`; the three models differ in their range only:
LDDS75 280 to 7500 mm, LDDS45 30 to 4500 mm, LDDS20 (through the wall of a tank) 20 to 2000 mm.

Sources: Dragino LDDS75 user manual, 2.3 "Uplink Payload"; vendor decoders V1.1.4 of LDDS75, LDDS45 and LDDS20 (alike).
The catalogue's codec of that name (5 bytes, distance from the battery's bytes) fits no documented frame.
"""

from __future__ import annotations

from typing import Final

from decoders.families.dragino import DATA
from decoders.families.dragino_distance import distance_frame
from decoders.frame import by_port
from decoders.model import Decoded, Decoder, Params


def _data(payload: bytes, _params: Params) -> Decoded:
    return distance_frame(payload)


DECODER: Final = Decoder(
    key="dragino_ldds75",
    vendor="Dragino",
    models=("LDDS75", "LDDS45", "LDDS20"),
    kind="level",
    ports=(DATA,),
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Dragino LDDS75 user manual, section 2.3 Uplink Payload",
    decode=by_port({DATA: _data}),
)
