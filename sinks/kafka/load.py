"""How evenly devices spread over partitions: `python -m sinks.kafka.load --devices 10000000 --partitions 96`.

Simulates what a city and its neighbours own: DevEUIs in runs, as boxes of devices are bought, of several makers, with
the uplinks an hour that each kind sends. The busiest partition is what a worker and a broker must carry.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from . import record

MAKERS: Final = (("24e124", 6.0), ("a84041", 3.0), ("70b3d5", 1.0), ("0018b2", 4.0))
"""First six hex digits of DevEUIs, and uplinks an hour of what they stand for."""
_BOX: Final = 1_000
"""Devices with consecutive numbers; the next box has another, random, beginning."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Of each partition: how many devices, and how many uplinks an hour."""

    devices: tuple[int, ...]
    uplinks_h: tuple[float, ...]

    @property
    def unevenness(self) -> float:
        """The busiest partition over the mean of all."""
        return max(self.uplinks_h) * len(self.uplinks_h) / sum(self.uplinks_h)

    @property
    def rate(self) -> float:
        """Messages a second of all together."""
        return sum(self.uplinks_h) / 3600

    @property
    def busiest_rate(self) -> float:
        """Messages a second of the busiest partition."""
        return max(self.uplinks_h) / 3600


def fleet(devices: int, seed: int = 1) -> Iterator[tuple[bytes, float]]:
    """Key and uplinks an hour of so many devices."""
    chance = random.Random(seed)  # noqa: S311 nothing secret
    for begin in range(0, devices, _BOX):
        maker, uplinks_h = MAKERS[begin // _BOX % len(MAKERS)]
        serial = chance.randrange(16**10 - _BOX)
        for number in range(min(_BOX, devices - begin)):
            yield f"{maker}{serial + number:010x}".encode(), uplinks_h


def spread(devices: int, partitions: int, seed: int = 1) -> Spread:
    """Where their messages go."""
    counts, loads = [0] * partitions, [0.0] * partitions
    for key, uplinks_h in fleet(devices, seed):
        number = record.partition(key, partitions)
        counts[number] += 1
        loads[number] += uplinks_h
    return Spread(tuple(counts), tuple(loads))


def main() -> None:
    """Print the spread that the arguments ask for."""
    parser = argparse.ArgumentParser(description="How evenly devices spread over partitions.")
    parser.add_argument("--devices", type=int, default=10_000_000)
    parser.add_argument("--partitions", type=int, default=96)
    chosen = parser.parse_args()
    found = spread(chosen.devices, chosen.partitions)
    each = f"{min(found.devices)} to {max(found.devices)} each"
    print(  # noqa: T201 that is what it is for
        f"{chosen.devices} devices on {chosen.partitions} partitions: {each};"
        f" {found.rate:.0f} messages/s, the busiest partition {found.busiest_rate:.1f}/s,"
        f" {found.unevenness:.4f} times the mean"
    )


if __name__ == "__main__":
    main()
