"""Dragino's ultrasonic sensors with one head: LDDS20, LDDS45, LDDS75 and their -LB and -LS successors.

fPort 2, 8 bytes:

    0-1   battery, see `families.dragino`
    2-3   distance, mm; 0 no sensor is connected, 20 (0014) an invalid reading: too close
    4     01: sent because of the interrupt pin
    5-6   external DS18B20, signed, 0.1 °C
    7     01: the ultrasonic sensor was found

A form of 3 or 5 bytes (no temperature) in the oldest vendor code is documented by no manual and is refused.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import INTERRUPT, battery_v, ds18b20_c
from decoders.frame import Values, assemble, refuse_length
from decoders.model import Code, Decoded, Issue, Kind, Reading

_FRAME: Final = Struct(">HHBhB")
_RECORD: Final = Struct(">HHh")
_INVALID_UP_TO: Final = 20  # the manuals name 20; no model measures less


def distance_mm(raw: int, issues: list[Issue]) -> float | None:
    """mm, None where the vendor's code for "no sensor" or "invalid" stands."""
    if raw > _INVALID_UP_TO:
        return float(raw)
    code, detail = (Code.OUT_OF_RANGE, "invalid reading") if raw else (Code.NOT_CONNECTED, "no ultrasonic sensor")
    issues.append(Issue(code, "distance_mm", raw, detail))
    return None


def distance_frame(payload: bytes, divisor: int = 10) -> Decoded:
    """A frame of fPort 2. `divisor`: what the DS18B20's word is divided by."""
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    battery, distance, interrupt, temperature, found = _FRAME.unpack(payload)
    issues: list[Issue] = []
    values: Values = {
        "distance_mm": distance_mm(distance, issues),
        "temperature_c": ds18b20_c(temperature, issues, divisor),
        "battery_v": battery_v(battery),
    }
    events = INTERRUPT if interrupt else ()
    return assemble(Kind.TELEMETRY, (Reading(values),), {"sensor_found": found == 1}, events, issues)


def distance_record(payload: bytes, at: int, issues: list[Issue]) -> Values:
    """A stored record of fPort 3: battery, distance, temperature, flags (1), time (4)."""
    battery, distance, temperature = _RECORD.unpack_from(payload, at)
    return {
        "distance_mm": distance_mm(distance, issues),
        "temperature_c": ds18b20_c(temperature, issues),
        "battery_v": battery_v(battery),
    }
