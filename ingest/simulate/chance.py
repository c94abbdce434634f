"""Chance without a state: the same question always gets the same answer, on every machine and after every restart."""

from __future__ import annotations

from hashlib import blake2b
from math import cos, log, pi, sqrt


def octets(size: int, *question: object) -> bytes:
    """So many bytes (1 to 64) that belong to this question, e.g. a seed, a device and a number."""
    return blake2b(repr(question).encode(), digest_size=size).digest()


def draw(*question: object) -> float:
    """A number from 0 (included) to 1 (excluded), evenly spread."""
    return (int.from_bytes(octets(8, *question)) >> 11) / (1 << 53)


def between(low: float, high: float, *question: object) -> float:
    """A number from `low` to `high`, evenly spread."""
    return low + (high - low) * draw(*question)


def gauss(mean: float, deviation: float, *question: object) -> float:
    """A number that is normally distributed (Box and Muller)."""
    radius = sqrt(-2.0 * log(1.0 - draw("radius", *question)))
    return mean + deviation * radius * cos(2 * pi * draw("angle", *question))
