"""Netvox R718X: ultrasonic distance and fill level with inclination and temperature; R718PE: for tanks, LoRaWAN.

fPort 6, reports as in `families.netvox`, 11 bytes:

    0    version, 01             1    34 R718X, b1 R718PE           2    01
    3    battery                 4    01: nearer than the limit     5-6  distance, mm
    R718X    7-8  temperature, signed, 0.1 °C      9  fill level, %      10  inclination, °
    R718PE   7    fill level, %                    8-10 not used

fPort 7: answers to downlinks.

Sources: Netvox R718X application command document; the vendor's codec and frames in TheThingsNetwork/lorawan-devices,
netvox/r718x.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.netvox import NO_SENSOR, answers, battery, reports
from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Reading, refuse

_R718X: Final = "R718X"
_MODELS: Final = {0x34: _R718X, 0xB1: "R718PE"}
_FRAME: Final = Struct(">3xBBHhBB")


def _report(payload: bytes, model: str, kind: int) -> Decoded:
    if kind != 1:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"report {kind} is not known", kind)
    volts, near, distance, temperature, fill, angle = _FRAME.unpack(payload)
    issues: list[Issue] = []
    status: Status = {"model": model, "near": near > 0}
    values: Values = {"distance_mm": float(distance)}
    if model == _R718X:
        values["fill_reported_pct"] = float(fill)
        values["temperature_c"] = temperature / 10
        values["tilt_deg"] = float(angle)
    else:
        values["fill_reported_pct"] = float(payload[7])
    battery(volts, values, status)
    if distance == NO_SENSOR:
        values["distance_mm"] = None
        issues.append(Issue(Code.NO_ECHO, "distance_mm", distance, "no distance"))
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), status, issues=issues)


DECODER: Final = Decoder(
    key="netvox_r718x",
    vendor="Netvox",
    models=(_R718X, "R718PE"),
    kind="level",
    ports=(6, 7),
    quantities=("distance_mm", "fill_reported_pct", "temperature_c", "tilt_deg", "battery_v"),
    document="Netvox R718X application command document",
    decode=by_port({6: reports(_MODELS, 1, _report, (11, 11)), 7: answers(_MODELS, 1)}),
    aliases=("Netvox R718X", "Netvox R718PE"),
)
