"""Sensoneo Quatro Sensor: ultrasonic fill level of big containers, four sonars, with GNSS, LoRaWAN.

fPort 2, 33 bytes: the head of `families.sensoneo`, then, little endian,

    16-19   time of the device, Unix seconds
    20-23   latitude, float        24   4e N, 53 S
    25-28   longitude, float       29   45 E, 57 W
    30      counter of events
    31      checksum; its algorithm is not documented, so it is not checked
    32      counter of transmissions

Sources: "sensoneo_quatro_QS_Payload_v2.pdf", as read by the parser of ZENNER's ELEMENT (2019-10-16), which publishes a
frame.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.sensoneo import HEAD, head
from decoders.frame import Status, by_port, device_time_ms, refuse_length
from decoders.model import Decoded, Decoder, Issue, Params

_TAIL: Final = Struct("<IfcfcBBB")
_LENGTH: Final = HEAD + _TAIL.size
_SIGN: Final = {b"N": 1, b"S": -1, b"E": 1, b"W": -1}


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _LENGTH:
        return refuse_length(payload, _LENGTH)
    seconds, latitude, north, longitude, east, events, _checksum, sent = _TAIL.unpack_from(payload, HEAD)
    status: Status = {"transmissions": sent, "events": events}
    if 0 < latitude <= 90 and 0 < longitude <= 180 and north in {b"N", b"S"} and east in {b"E", b"W"}:
        status["latitude"] = _SIGN[north] * round(latitude, 6)
        status["longitude"] = _SIGN[east] * round(longitude, 6)
    issues: list[Issue] = []
    return head(payload, status, device_time_ms(seconds, issues), issues)


DECODER: Final = Decoder(
    key="sensoneo_quatro",
    vendor="Sensoneo",
    models=("Quatro Sensor",),
    kind="level",
    ports=(2,),
    quantities=("distance_mm", "temperature_c", "tilt_deg", "battery_v"),
    document="Sensoneo Quatro payload description v2",
    decode=by_port({2: _data}),
    aliases=("Quatro", "Sensoneo Quatro", "Sensoneo Quatro Sensor"),
)
