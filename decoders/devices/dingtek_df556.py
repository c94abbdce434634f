"""Dingtek DF556: level of liquid in tanks by its pressure, LoRaWAN.

fPort 3, the frame of `families.dingtek`, 18 bytes, or 26 with a place:

    5-6     depth of the liquid, mm, by the density that is set in the device
    7       01: a place follows at 8, and what is below comes 8 bytes later
    8-10    not used
    11-12   alarms, as in `families.dingtek`
    13-14   battery, 10 mV
    15-16   counter of frames

The catalogue's codec gives the battery as it is sent, 360 for 3.60 V.

Sources: vendor codec of the DF556 in the LoRaWAN device catalogue, with examples; its description of the model.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dingtek import BODY, PORT, framed, place, raised
from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Decoded, Decoder, Issue, Kind, Params, Reading

_LEVEL: Final = Struct(">H")
_REST: Final = Struct(">BBHH")
_SHORT, _LONG = 18, 26


def _data(payload: bytes, _params: Params) -> Decoded:
    (depth,) = _LEVEL.unpack_from(payload, BODY)
    status: Status = {}
    if len(payload) == _LONG:
        place(payload, 8, status)
    alarms, state, battery, counter = _REST.unpack_from(payload, len(payload) - 1 - _REST.size)
    values: Values = {"depth_mm": float(depth), "battery_v": battery / 100}
    issues: list[Issue] = []
    check_limits(values, issues)
    status["frame_counter"] = counter
    status["battery_low"] = state & 15 != 0
    events = raised(alarms, state, {"level": "level_alarm"})
    return assemble(Kind.TELEMETRY, (Reading(values),), status, events, issues)


DECODER: Final = Decoder(
    key="dingtek_df556",
    vendor="Dingtek",
    models=("DF556",),
    kind="level",
    ports=(PORT,),
    quantities=("depth_mm", "battery_v"),
    document="Dingtek DF556 codec in the LoRaWAN device catalogue",
    decode=by_port({PORT: framed((_SHORT, _LONG), _data)}),
)
