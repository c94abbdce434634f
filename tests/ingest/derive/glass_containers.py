"""A simulated year of glass containers with the noise that was measured on 77 real ones in Frankfurt.

Hourly ultrasonic distances in steps of 2 cm; 22 % of the frames lost, 0.7 % without an echo, single readings that jump
by 20 cm and more and come back, at most containers seldom, at some all the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

HOUR_MS: Final = 3_600_000
_LOST: Final = 0.22 + 0.0074
_SPIKES: Final = 0.016
_UNQUIET: Final = (0.5, 1.0, 1.0, 1.0, 1.0, 2.0)


@dataclass
class Container:
    """Its readings, and the times at which it really was emptied while at least 30 % full."""

    span_mm: float
    times: list[int] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    emptied: list[int] = field(default_factory=list)


def containers(seed: int, number: int = 60, days: int = 180) -> Iterator[Container]:
    chance = Random(seed)  # noqa: S311 a simulation
    for _ in range(number):
        yield _lived(Container(chance.choice([1000.0, 1300.0, 1600.0])), chance, days)


def _lived(one: Container, chance: Random, days: int) -> Container:
    days_to_full, spikes = chance.uniform(7, 20), chance.choice(_UNQUIET) * _SPIKES
    share, due_h = chance.uniform(0, 0.5), 24 * chance.uniform(3, days_to_full)
    an_hour = chance.uniform(0.6, 1.1) / days_to_full / 24
    for hour in range(days * 24):
        share = min(1.05, share + an_hour * chance.choice([0, 0, 0.5, 1, 2, 2.5]))
        if hour >= due_h:
            if share >= 0.3:
                one.emptied.append(hour * HOUR_MS)
            share, due_h = chance.uniform(0, 0.06), due_h + 24 * chance.uniform(0.5, 1.5) * days_to_full
        if chance.random() >= _LOST:
            _read(one, hour, share, spikes, chance)
    return one


def _read(one: Container, hour: int, share: float, spikes: float, chance: Random) -> None:
    distance = one.span_mm * (1 - share) + chance.gauss(0, 10)
    if chance.random() < spikes:
        distance += chance.choice([-1, 1]) * chance.uniform(200, 900)
    level = 100 * (1 - 20 * round(distance / 20) / one.span_mm)
    if -10 <= level <= 115:
        one.times.append(hour * HOUR_MS)
        one.levels.append(min(100.0, max(0.0, level)))
