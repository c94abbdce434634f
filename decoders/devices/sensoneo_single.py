"""Sensoneo Single Sensor: ultrasonic fill level of bins, LoRaWAN. Two wire formats under one name.

Versions 1 and 2, fPort 1, text: `(U3.76T+14D251P1)`

    U   battery, V           T   temperature, °C
    D   distance, cm         P   position: 0 tilted, 1 normal

Version 3, fPort 2, 17 bytes: the head of `families.sensoneo`, then

    16    counter of transmissions

Sources: Sensoneo payload descriptions of the Single Sensor v2 and v3, as read by the parsers of ZENNER's ELEMENT
(2018-09-13 to 2019-10-11), which publish a frame of each; the text form also in OS2iot's collection.
"""

from __future__ import annotations

import re
from typing import Final

from decoders.families.sensoneo import HEAD, head
from decoders.frame import Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_TEXT: Final = re.compile(rb"\(U(\d{1,2}(?:\.\d{1,3})?)T([+-]?\d{1,3})D(\d{1,4})P([01])\)")


def _text(payload: bytes, _params: Params) -> Decoded:
    match = _TEXT.fullmatch(payload)
    if match is None:
        return refuse(Code.UNKNOWN_VARIANT, payload, "not a text of the form (U3.76T+14D251P1)")
    volts, celsius, centimetres, position = (float(part) for part in match.groups())
    issues: list[Issue] = []
    values: Values = {
        "distance_mm": centimetres * 10 or None,
        "temperature_c": celsius,
        "tilted": 1 - position,
        "battery_v": volts,
    }
    if not centimetres:
        issues.append(Issue(Code.NO_ECHO, "distance_mm", 0, "zero is no distance"))
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {}, issues=issues)


def _binary(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != HEAD + 1:
        return refuse_length(payload, HEAD + 1)
    status: Status = {"transmissions": payload[HEAD]}
    return head(payload, status, None, [])


DECODER: Final = Decoder(
    key="sensoneo_single",
    vendor="Sensoneo",
    models=("Single Sensor",),
    kind="level",
    ports=(1, 2),
    quantities=("distance_mm", "temperature_c", "tilted", "tilt_deg", "battery_v"),
    document="Sensoneo Single Sensor payload description, v2 and v3",
    decode=by_port({1: _text, 2: _binary}),
    aliases=(
        *("Single", "Single v1", "Single v2", "Single v1/v2", "Single v3", "Sensoneo Single", "Sensoneo Single Sensor"),
        *("Sensoneo Single v1", "Sensoneo Single v2", "Sensoneo Single v1/v2", "Sensoneo Single v3"),
    ),
)
