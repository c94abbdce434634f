"""The LiDAR sensors of Decentlab, DL-LID and DL-LID2.

    word 0      distance, average, mm: the distance
    words 1-8   minimum, maximum, median, 10th, 25th, 75th and 90th percentile, most frequent value, mm: status
    word 9      number of valid samples behind them; 0: no distance is valid
    word 10     time of the measurement, 1/1.024 ms

Sources: datasheets of both models, section "Payload"; decentlab-decoders, the same models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import Said
from decoders.model import Code, Issue

_SPREAD: Final = tuple(
    f"distance_{name}_mm" for name in ("minimum", "maximum", "median", "p10", "p25", "p75", "p90", "most_frequent")
)


def lidar(words: Sequence[int], said: Said) -> None:
    """What words 0 to 10 say."""
    average, *spread, samples, time = words
    said.values["samples"] = float(samples)
    said.values["distance_mm"] = float(average) if samples else None
    said.status["acquisition_ms"] = time / 1.024
    if not samples:
        said.issues.append(Issue(Code.NO_SAMPLES, "distance_mm", average, "no valid sample behind the distance"))
        return
    said.status.update(zip(_SPREAD, spread, strict=True))
