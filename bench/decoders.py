"""How long each decoder takes for one frame: `python -m bench.decoders`, the median of seven runs over its vectors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from statistics import median
from timeit import timeit
from typing import Final

from decoders import all_decoders
from tests.decoders.vectors import Vector, vectors

_CALLS: Final = 2_000
_RUNS: Final = 7
BAR_US: Final = (5.0, 10.0)
"""Of a fixed layout, and of a chain of items."""


def main() -> int:
    """Print a table, the slowest last, and how many stay below the bars."""
    found = sorted((cost_us(key), key) for key in all_decoders())
    sys.stdout.write("| Decoder | frames | µs a frame | µs of the slowest |\n|---|---|---|---|\n")
    for (usual, slowest, number), key in found:
        sys.stdout.write(f"| `{key}` | {number} | {usual:.1f} | {slowest:.1f} |\n")
    for bar in BAR_US:
        below = sum(usual < bar for (usual, _, _), _ in found)
        sys.stdout.write(f"\n{below} of {len(found)} take less than {bar:g} µs")
    sys.stdout.write("\n")
    return 0


def cost_us(key: str) -> tuple[float, float, int]:
    """Of the usual and of the slowest of the frames that it reads, and how many there are."""
    costs = [_of(vector) for vector in _read(key)]
    return median(costs), max(costs), len(costs)


def _read(key: str) -> Sequence[Vector]:
    return [vector for vector in vectors() if vector.key == key and not vector.refuses]


def _of(vector: Vector) -> float:
    decode, payload, port, params = vector.decoder.decode, vector.payload, vector.f_port, vector.params
    runs = [timeit(lambda: decode(payload, port, params), number=_CALLS) for _ in range(_RUNS)]
    return median(runs) / _CALLS * 1e6


if __name__ == "__main__":
    sys.exit(main())
