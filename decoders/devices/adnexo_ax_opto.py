"""Adnexo ax-opto: optical (time-of-flight) fill level of paper bins with nine zones, LoRaWAN.

fPort 100 (regular), 101 (event), 102 (asked for), little endian, 26 bytes:

    0-1     distance, mm            2-19    distances of nine zones, mm, from top left to bottom right
    20-21   errors: 01 weak signal, 02 signal too weak, 08 no target, 40 too far, 80 the sensor does not answer
    22-23   temperature, signed, 0.1 °C; 8000 not known         24-25   battery, mV

A distance of ffff is none. The zones have no quantity of their own and are left out.
fPort 99: acceleration. fPort 1 echo, 2 restart, 5 error: status. fPort 3 and 4: settings. Kept as they came.

Sources: Adnexo "ax-opto payload description"; akenza device-type-library, adnexo/ax-opto, with four frames.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.frame import Route, Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading

_FRAME: Final = Struct("<H18xHhH")
_NO_DISTANCE, _NO_TEMPERATURE = 0xFFFF, -0x8000
_SILENT: Final = 0x80
_EVENT: Final = (Event("change"),)


def _measured(events: tuple[Event, ...]) -> Route:
    def route(payload: bytes, _params: Params) -> Decoded:
        if len(payload) != _FRAME.size:
            return refuse_length(payload, _FRAME.size)
        distance, errors, temperature, battery = _FRAME.unpack(payload)
        issues: list[Issue] = []
        values: Values = {
            "distance_mm": _distance(distance, errors, issues),
            "temperature_c": temperature / 10,
            "battery_v": battery / 1000,
        }
        if temperature == _NO_TEMPERATURE:
            values["temperature_c"] = None
            issues.append(Issue(Code.SENSOR_FAULT, "temperature_c", temperature, "the device does not know it"))
        check_limits(values, issues)
        status: Status = {"errors": errors} if errors else {}
        return assemble(Kind.TELEMETRY, (Reading(values),), status, events, issues)

    return route


def _distance(raw: int, errors: int, issues: list[Issue]) -> float | None:
    if raw != _NO_DISTANCE and not errors & _SILENT:
        return float(raw)
    code = Code.SENSOR_FAULT if errors & _SILENT else Code.NO_ECHO
    issues.append(Issue(code, "distance_mm", raw, f"errors {errors:02x} of the sensor"))
    return None


def _kept(kind: Kind, name: str) -> Route:
    def route(payload: bytes, _params: Params) -> Decoded:
        return Decoded(kind, status={name: payload.hex()})

    return route


DECODER: Final = Decoder(
    key="adnexo_ax_opto",
    vendor="Adnexo",
    models=("ax-opto",),
    kind="level",
    ports=(1, 2, 3, 4, 5, 99, 100, 101, 102),
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Adnexo ax-opto payload description",
    decode=by_port(
        {
            1: _kept(Kind.STATUS, "echo_hex"),
            2: _kept(Kind.STATUS, "restart_hex"),
            3: _kept(Kind.CONFIG, "settings_hex"),
            4: _kept(Kind.CONFIG, "settings_hex"),
            5: _kept(Kind.STATUS, "error_hex"),
            99: _kept(Kind.STATUS, "acceleration_hex"),
            100: _measured(()),
            101: _measured(_EVENT),
            102: _measured(()),
        }
    ),
    aliases=("Adnexo ax-opto", "axopto", "ax opto"),
)
