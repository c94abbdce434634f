"""Green CityZen Hummbox, little endian: a message code, then what the sensor set measures, and the battery.

    0      message code: 10 periodic, 12 on a change of state
    last   battery, %

Which set it is stands in no frame; a profile says it with the parameter `set`. No fPort is documented, 1 and 2 are
read. 32766 is an error on the bus of the probe.

Sources: help pages of Hummbox, 360006768214 (level) and 360007857774 (soil).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from decoders.frame import Route, Values, assemble, check_limits, refuse_length
from decoders.model import Code, Decoded, Issue, Kind, Params, Reading, refuse

PORTS: Final = (1, 2)
PARAM: Final = "set"
BUS_ERROR: Final = 32_766
_CODES: Final = frozenset({0x10, 0x12})

Read = Callable[[bytes, Values, list[Issue]], None]
"""Puts what stands between the message code and the battery into the values."""


def route(sets: Mapping[int, tuple[int, Read]], usual: int) -> Route:
    """Reads the frames of one model. `sets`: number of the set to length of its frame and how it is read.

    Without the parameter a frame as long as those of the set `usual` is one of its.
    """

    def read(payload: bytes, params: Params) -> Decoded:
        if payload[0] not in _CODES:
            return refuse(Code.UNKNOWN_VARIANT, payload, f"message code {payload[0]:02x} is not known", payload[0])
        wanted = params.get(PARAM, usual if len(payload) == sets[usual][0] else None)
        if wanted is None:
            names = " or ".join(str(number) for number in sets)
            return refuse(Code.MISSING_PARAMETER, payload, f"which set is it, {names}? Give the parameter {PARAM}")
        chosen = sets.get(int(wanted)) if isinstance(wanted, int) else None
        if chosen is None:
            return refuse(Code.UNKNOWN_VARIANT, payload, f"set {wanted} is not read here", len(payload))
        if len(payload) != chosen[0]:
            return refuse_length(payload, chosen[0])
        issues: list[Issue] = []
        values: Values = {}
        chosen[1](payload, values, issues)
        values["battery_pct"] = float(payload[-1])
        check_limits(values, issues)
        return assemble(Kind.TELEMETRY, (Reading(values),), {}, issues=issues)

    return read


def word(key: str, payload: bytes, at: int, factor: float, values: Values, issues: list[Issue]) -> None:
    """Put the word at `at` into the values, unless it is the bus error."""
    raw = int.from_bytes(payload[at : at + 2], "little")
    values[key] = None if raw == BUS_ERROR else raw * factor
    if raw == BUS_ERROR:
        issues.append(Issue(Code.SENSOR_FAULT, key, raw, "an error on the bus of the probe"))
