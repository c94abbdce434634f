"""Dingtek DF702 and DF703: ultrasonic fill level of bins, LoRaWAN. Three wire formats under one name.

fPort 3, 17 bytes, or 25 with a place: the data of `families.dingtek`; the level is the distance from the sensor down,
0 and ffff no echo. Alarms: full, fire, tilt, battery low.

fPort 3, 4 bytes, firmware of 2019:

    0     upper 4 bits: full; lower 4 bits: fire
    1     upper 4 bits: tilt; lower 4 bits: battery low
    2-3   distance, mm, four decimal digits: 10 34 is 1034 mm

Some servers hand these on as 8 characters of text.

Sources: Dingtek DF702 and DF703 LoRaWAN Protocol V2.8; the protocol of the short form in thread 23291 of The Things
Network's forum; vendor codecs of both models in the catalogue.
"""

from __future__ import annotations

from typing import Final

from decoders.families.dingtek import PORT, distance_mm, raised, usual
from decoders.frame import by_port
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_ALARMS: Final = {"level": "full", "fire": "fire", "motion": "tilt"}
_FRAMED = usual("distance_mm", _ALARMS)
_SHORT, _TEXT = 4, 8


def _data(payload: bytes, params: Params) -> Decoded:
    if len(payload) == _TEXT and payload.isdigit():
        return _short(bytes.fromhex(payload.decode()), payload)
    return _short(payload, payload) if len(payload) == _SHORT else _FRAMED(payload, params)


def _short(frame: bytes, payload: bytes) -> Decoded:
    digits = frame.hex()
    if not digits.isdigit() or set(digits[:4]) - {"0", "1"}:
        return refuse(Code.UNKNOWN_VARIANT, payload, "neither four alarms and four digits nor a frame from 80 to 81")
    issues: list[Issue] = []
    state = frame[1]
    values = {"distance_mm": distance_mm(int(digits[4:]), issues), "tilted": float(state >> 4)}
    status = {"battery_low": state & 15 != 0, "tilted": float(state >> 4)}
    events = raised(frame[0], state, _ALARMS)
    return Decoded(Kind.TELEMETRY, (Reading(values),), status, events, tuple(issues))


DECODER: Final = Decoder(
    key="dingtek_df702",
    vendor="Dingtek",
    models=("DF702", "DF703"),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "temperature_c", "tilt_deg", "tilted"),
    document="Dingtek DF702 and DF703 LoRaWAN Protocol V2.8",
    decode=by_port({PORT: _data}),
)
