"""Adnexo: what ax-opto and ax-dist share, little endian.

    fPort 100 regular, 101 after an event, 102 asked for: a measurement, whose last four bytes are the temperature,
    signed, 0.1 °C (8000 not known), and the battery, mV
    fPort 1 echo, 2 restart, 5 error: status. fPort 3 and 4: settings. Kept as they came.

A distance of ffff is none.

Sources: Adnexo payload descriptions of the two; akenza device-type-library, adnexo, with frames.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.frame import Route, Status, Values, assemble, check_limits
from decoders.model import Code, Decoded, Event, Issue, Kind, Params, Reading

REGULAR, EVENT, ASKED = 100, 101, 102
NO_DISTANCE: Final = 0xFFFF
_NO_TEMPERATURE: Final = -0x8000
_CHANGED: Final = (Event("change"),)
_CONDITION: Final = Struct("<hH")


def measured(payload: bytes, f_port: int, distance: float | None, status: Status, issues: list[Issue]) -> Decoded:
    """The answer for a measurement: its distance, and what its last four bytes say."""
    temperature, battery = _CONDITION.unpack_from(payload, len(payload) - _CONDITION.size)
    values: Values = {
        "distance_mm": distance,
        "temperature_c": temperature / 10,
        "battery_v": battery / 1000,
    }
    if temperature == _NO_TEMPERATURE:
        values["temperature_c"] = None
        issues.append(Issue(Code.SENSOR_FAULT, "temperature_c", temperature, "the device does not know it"))
    check_limits(values, issues)
    events = _CHANGED if f_port == EVENT else ()
    return assemble(Kind.TELEMETRY, (Reading(values),), status, events, issues)


def _kept(kind: Kind, name: str) -> Route:
    def route(payload: bytes, _params: Params) -> Decoded:
        return Decoded(kind, status={name: payload.hex()})

    return route


KEPT: Final = {
    1: _kept(Kind.STATUS, "echo_hex"),
    2: _kept(Kind.STATUS, "restart_hex"),
    3: _kept(Kind.CONFIG, "settings_hex"),
    4: _kept(Kind.CONFIG, "settings_hex"),
    5: _kept(Kind.STATUS, "error_hex"),
    99: _kept(Kind.STATUS, "acceleration_hex"),
}
"""The routes of frames without a measurement."""
