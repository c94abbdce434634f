"""Adnexo ax-dist: ultrasonic fill level of glass and clothes containers, LoRaWAN.

Little endian, with what is said in `families.adnexo`:

    fPort 100, 101, 102, 6 bytes    0-1 distance, mm      2-3 temperature      4-5 battery
    fPort 104, 8 bytes              0-1 distance, mm      2-3 variance         4-5 temperature      6-7 battery

A frame of fPort 104 says that the measurements behind it differ too much: its distance is not one.

Sources: Adnexo "ax-dist payload description"; akenza device-type-library, adnexo/ax-dist, with four frames.
"""

from __future__ import annotations

from typing import Final

from decoders.families.adnexo import ASKED, EVENT, KEPT, NO_DISTANCE, REGULAR, measured
from decoders.frame import Route, by_port, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Params

_INVALID: Final = 104
_LENGTH, _INVALID_LENGTH = 6, 8
_KEPT: Final = {port: route for port, route in KEPT.items() if port < REGULAR - 1}


def _data(f_port: int) -> Route:
    def route(payload: bytes, _params: Params) -> Decoded:
        if len(payload) != _LENGTH:
            return refuse_length(payload, _LENGTH)
        raw = int.from_bytes(payload[:2], "little")
        issues: list[Issue] = []
        if raw == NO_DISTANCE:
            issues.append(Issue(Code.NO_ECHO, "distance_mm", raw, "no distance"))
        return measured(payload, f_port, None if raw == NO_DISTANCE else float(raw), {}, issues)

    return route


def _invalid(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _INVALID_LENGTH:
        return refuse_length(payload, _INVALID_LENGTH)
    variance = int.from_bytes(payload[2:4], "little") / 10
    raw = int.from_bytes(payload[:2], "little")
    issues = [Issue(Code.SENSOR_FAULT, "distance_mm", raw, "the measurements behind it differ too much")]
    return measured(payload, _INVALID, None, {"variance": variance}, issues)


DECODER: Final = Decoder(
    key="adnexo_ax_dist",
    vendor="Adnexo",
    models=("ax-dist",),
    kind="level",
    ports=(*_KEPT, REGULAR, EVENT, ASKED, _INVALID),
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Adnexo ax-dist payload description",
    decode=by_port(_KEPT | {port: _data(port) for port in (REGULAR, EVENT, ASKED)} | {_INVALID: _invalid}),
    aliases=("Adnexo ax-dist", "axdist", "ax dist"),
)
