"""What every decoder does with a frame: choose by port, refuse by length, check limits, mirror the device's condition.

Keeping these here, and only here, makes every decoder answer the same way where nothing is left to its manual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from .model import Code, Decode, Decoded, Event, Issue, Kind, Params, Reading, refuse
from .quantities import QUANTITIES

Route = Callable[[bytes, Params], Decoded]
"""Reads the frames of one port: `route(payload, params)`; the payload is not empty."""

Values = dict[str, float | None]
Status = dict[str, float | str | bool]

LIMITS: Final = {key: (quantity.low, quantity.high) for key, quantity in QUANTITIES.items()}
"""Quantity key to what is possible at all, both ends included."""
_CONDITION: Final = ("battery_v", "battery_pct", "tilted")
_FIRST_S: Final = 1_420_070_400  # 2015-01-01: before it, a clock counts from its own beginning
_LAST_S: Final = 4_102_444_800  # 2100-01-01


def by_port(routes: Mapping[int, Route]) -> Decode:
    """A decode function that hands each frame to the route of its port and refuses all other ports."""
    known = ", ".join(str(port) for port in sorted(routes))

    def decode(payload: bytes, f_port: int, params: Params) -> Decoded:
        route = routes.get(f_port)
        if route is None:
            return refuse(Code.WRONG_PORT, payload, f"fPort {f_port} is not read, only {known}", f_port)
        if not payload:
            return refuse(Code.EMPTY, payload, "the frame has no bytes")
        return route(payload, params)

    return decode


def refuse_length(payload: bytes, expected: int) -> Decoded:
    """A frame whose fixed layout has `expected` bytes, but not this one."""
    code = Code.TOO_SHORT if len(payload) < expected else Code.WRONG_LENGTH
    return refuse(code, payload, f"{len(payload)} bytes where the layout has {expected}", len(payload))


def check_limits(values: Values, issues: list[Issue]) -> None:
    """Take out what cannot be true anywhere: the value becomes None, the issue says what it was."""
    for key, value in values.items():
        low, high = LIMITS[key]
        if value is not None and not low <= value <= high:
            values[key] = None
            issues.append(Issue(Code.OUT_OF_RANGE, key, value, f"outside {low:g} to {high:g}"))


def assemble(
    kind: Kind,
    readings: tuple[Reading, ...],
    status: Status,
    events: tuple[Event, ...] = (),
    issues: Sequence[Issue] = (),
) -> Decoded:
    """A frame with readings; what they say of the device's own condition is mirrored into its status."""
    mirror_condition(readings, status)
    return Decoded(kind, readings, status, events, tuple(issues))


def mirror_condition(readings: Sequence[Reading], status: Status) -> None:
    """Put battery and tilt of the readings into the status; the last one counts."""
    for reading in readings:
        values = reading.values
        for key in _CONDITION:
            value = values.get(key)
            if value is not None:
                status[key] = value


def device_time_ms(epoch_s: int, issues: list[Issue]) -> int | None:
    """Unix milliseconds of the device's clock, None with an issue when the clock was plainly not set."""
    if _FIRST_S <= epoch_s < _LAST_S:
        return epoch_s * 1000
    issues.append(Issue(Code.OUT_OF_RANGE, "time", epoch_s, "the device's clock is outside 2015 to 2100"))
    return None
