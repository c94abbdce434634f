"""Sensoneo, binary frames of the Single Sensor v3 and of the Quatro, fPort 2: a head of 16 bytes.

    0-1    ffff
    2      upper nibble not documented; lower nibble: 0 master, 1 slave, 2 standalone
    3      firmware
    4-7    sensor id, little endian
    8      events: 01 measurement ended, 02 temperature limit, 04 tilt limit, 08 slave has sent, 10 battery low,
           20 position found, 40 start
    9-12   four distances, 2 cm each
    13     battery, 2500 mV + 10 mV each
    14     temperature, signed, °C
    15     tilt, °

No document says which of the four distances counts. A zero is no echo, not a full bin; of the others the smallest is
given, since what lies nearest fills the bin. All four stand in the status. A tilt above 180° cannot be one.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.frame import Status, Values, assemble, check_limits
from decoders.model import Code, Decoded, Event, Issue, Kind, Reading, refuse

_HEAD: Final = Struct("<HBBIB4sBbB")
HEAD: Final = _HEAD.size
_TYPES: Final = {0: "master", 1: "slave", 2: "standalone"}
_EVENTS: Final = (
    (0x02, Event("temperature_alarm")),
    (0x04, Event("tilt_alarm")),
    (0x10, Event("battery_low")),
    (0x40, Event("power_on")),
)


def head(payload: bytes, status: Status, time_ms: int | None, issues: list[Issue]) -> Decoded:
    """The answer for a frame of the right length; `status`, `time_ms`: what stands behind the head."""
    start, kind, firmware, sensor, flags, sonars, battery, temperature, tilt = _HEAD.unpack_from(payload)
    if start != 0xFFFF:
        return refuse(Code.UNKNOWN_VARIANT, payload, "the frame does not begin with ffff", f"{start:04x}")
    status["firmware"] = str(firmware)
    status["sensor_id"] = sensor
    if (role := _TYPES.get(kind & 15)) is not None:
        status["role"] = role
    for number, sonar in enumerate(sonars, 1):
        status[f"sonar_{number}_mm"] = sonar * 20
    values: Values = {
        "distance_mm": _nearest(sonars, issues),
        "temperature_c": float(temperature),
        "tilt_deg": float(tilt),
        "battery_v": (250 + battery) / 100,
    }
    check_limits(values, issues)
    events = tuple([event for bit, event in _EVENTS if flags & bit]) if flags & 0x56 else ()
    return assemble(Kind.TELEMETRY, (Reading(values, time_ms),), status, events, issues)


def _nearest(sonars: bytes, issues: list[Issue]) -> float | None:
    nearest = min((sonar for sonar in sonars if sonar), default=0)
    if nearest:
        return nearest * 20.0
    issues.append(Issue(Code.NO_ECHO, "distance_mm", 0, "none of the four sonars has a distance"))
    return None
