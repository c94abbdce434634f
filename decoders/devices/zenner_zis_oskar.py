"""ZENNER ZIS Oskar 1.0: ultrasonic fill level of bins, LoRaWAN. The first generation; Oskar v2 is `lobaro_oskar_v2`.

fPort 1, little endian, 4 bytes:

    0-1   distance, cm          2-3   battery, 3.3 V / 1024 each

Sources: the parser of ZENNER's ELEMENT for ZIS Oskar 1.0 (2019-05-09), with a frame.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.frame import Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading

_FRAME: Final = Struct("<HH")
_NO_ECHO: Final = 0xFFFF


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    distance, battery = _FRAME.unpack(payload)
    issues: list[Issue] = []
    values: Values = {"distance_mm": distance * 10.0, "battery_v": battery / 1024 * 3.3}
    if distance == _NO_ECHO:
        values["distance_mm"] = None
        issues.append(Issue(Code.NO_ECHO, "distance_mm", distance, "no distance"))
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {}, issues=issues)


DECODER: Final = Decoder(
    key="zenner_zis_oskar",
    vendor="ZENNER",
    models=("ZIS Oskar 1.0",),
    kind="level",
    ports=(1,),
    quantities=("distance_mm", "battery_v"),
    document="ZENNER ELEMENT parser ZIS Oskar 1.0, 2019-05-09",
    decode=by_port({1: _data}),
    aliases=("ZIS Oskar", "ZENNER ZIS Oskar", "ZENNER ZIS Oskar 1.0"),
)
