"""Netvox R900 with an analog probe: reports as in `families.netvox` on fPort 22, device type of 2 bytes; answers on 23.

    0    version, 03         1-2  device type         3    01         4    battery
    5-   what the model measures
    then alarms, one bit each, and 1 byte: 01 shaken or opened

Models whose names end in "O1" have two dry contacts more and the same reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from decoders.families.netvox import answers, battery, reports
from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decode, Decoded, Event, Issue, Kind, Reading, refuse

REPORTS, ANSWERS = 22, 23
_VERSIONS: Final = 10
_TAMPER: Final = Event("tamper")


def reader(
    models: Mapping[int, str], length: int, alarms: tuple[str, ...], read: Callable[[bytes, Values, Status], None]
) -> Decode:
    """The decode function. `length`: of a report; `alarms`: from bit 0 on; `read`: puts bytes 5 to -2 into values."""
    events = [tuple([Event(name) for bit, name in enumerate(alarms) if flags >> bit & 1]) for flags in range(256)]

    def report(payload: bytes, model: str, kind: int) -> Decoded:
        if kind != 1:
            return refuse(Code.UNKNOWN_VARIANT, payload, f"report {kind} is not known", kind)
        issues: list[Issue] = []
        values: Values = {}
        status: Status = {"model": model}
        read(payload, values, status)
        battery(payload[4], values, status)
        check_limits(values, issues)
        happened = events[payload[-2]]
        if payload[-1]:
            happened = (*happened, _TAMPER)
        return assemble(Kind.TELEMETRY, (Reading(values),), status, happened, issues)

    route = reports(models, 2, report, (_VERSIONS, length))
    return by_port({REPORTS: route, ANSWERS: answers(models, 2)})
