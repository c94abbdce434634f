"""Adnexo ax-opto: optical (time-of-flight) fill level of paper bins with nine zones, LoRaWAN.

fPort 100, 101 and 102, little endian, 26 bytes, with what is said in `families.adnexo`:

    0-1     distance, mm            2-19    distances of nine zones, mm, from top left to bottom right
    20-21   errors: 01 weak signal, 02 signal too weak, 08 no target, 40 too far, 80 the sensor does not answer
    22-23   temperature             24-25   battery

The zones have no quantity of their own and are left out. fPort 99: acceleration, kept as it came.

Sources: Adnexo "ax-opto payload description"; akenza device-type-library, adnexo/ax-opto, with four frames.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.adnexo import ASKED, EVENT, KEPT, NO_DISTANCE, REGULAR, measured
from decoders.frame import Route, Status, by_port, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Params

_FRAME: Final = Struct("<H18xH4x")
_SILENT: Final = 0x80


def _data(f_port: int) -> Route:
    def route(payload: bytes, _params: Params) -> Decoded:
        if len(payload) != _FRAME.size:
            return refuse_length(payload, _FRAME.size)
        raw, errors = _FRAME.unpack(payload)
        issues: list[Issue] = []
        status: Status = {"errors": errors} if errors else {}
        return measured(payload, f_port, _distance(raw, errors, issues), status, issues)

    return route


def _distance(raw: int, errors: int, issues: list[Issue]) -> float | None:
    if raw != NO_DISTANCE and not errors & _SILENT:
        return float(raw)
    code = Code.SENSOR_FAULT if errors & _SILENT else Code.NO_ECHO
    issues.append(Issue(code, "distance_mm", raw, f"errors {errors:02x} of the sensor"))
    return None


DECODER: Final = Decoder(
    key="adnexo_ax_opto",
    vendor="Adnexo",
    models=("ax-opto",),
    kind="level",
    ports=(*KEPT, REGULAR, EVENT, ASKED),
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Adnexo ax-opto payload description",
    decode=by_port(KEPT | {port: _data(port) for port in (REGULAR, EVENT, ASKED)}),
    aliases=("Adnexo ax-opto", "axopto", "ax opto"),
)
