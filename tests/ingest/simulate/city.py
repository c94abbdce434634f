"""The simulated fleet of these tests: one seed, one start, and the messages that follow."""

from __future__ import annotations

from functools import cache

from ingest.simulate import Fleet, Message, Station, fleet, plan

START_S = 1_780_000_000.0
FLEET: Fleet = fleet(7)
STATIONS: dict[str, Station] = {s.device.dev_eui: s for s in (*FLEET.stations, *FLEET.strangers)}


@cache
def planned() -> list[Message]:
    """The first messages after the start: about a quarter of an hour of real time."""
    return plan(FLEET, 1_600, START_S)
