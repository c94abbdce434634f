"""Keller's pressure probes behind Decentlab nodes. How many bar a step is follows from the range that was ordered.

DL-PR21 and DL-PR26:

    word 0   pressure: 16384 at the lower end of the range, 49152 at the upper one
    word 1   temperature, 384 is -50 °C, 0.003125 °C

DL-PR36 and DL-PR36CTD:

    word 0   pressure, plus 32768; `kp` steps are 1 bar
    word 1   temperature of the electronics, 1/256 °C, plus 32768

The frame says neither range nor `kp`; without them there is no pressure, for a wrong one would look like a right one.
The vendor's decoder has them in its file's name, e.g. "DL-PR36 (kp=8192)".

Sources: Decentlab datasheets of the models, section "Payload"; decentlab-decoders, the same models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from decoders.families.decentlab import Said, parameter
from decoders.model import Code, Issue

_HIGHEST_BAR: Final = 1_000
_KPA: Final = 100  # of one bar


def ranged(words: Sequence[int], said: Said) -> None:
    """Both words of DL-PR21 and DL-PR26."""
    raw, temperature = words
    low, high = (parameter(said, name, -1, _HIGHEST_BAR) for name in ("Pmin", "Pmax"))
    if low is None or high is None:
        _unknown(raw, said, "Pmin and Pmax, the ordered range in bar")
    else:
        said.values["pressure_kpa"] = _KPA * ((raw - 16384) / 32768 * (high - low) + low)
    said.values["temperature_c"] = (temperature - 384) * 0.003125 - 50


def stepped(raw: int, said: Said) -> None:
    """Word 0 of DL-PR36 and DL-PR36CTD."""
    steps = parameter(said, "kp", 1, 1_000_000)
    if steps is None:
        _unknown(raw, said, "kp, the steps of one bar")
    else:
        said.values["pressure_kpa"] = _KPA * (raw - 32768) / steps


def _unknown(raw: int, said: Said, names: str) -> None:
    said.values["pressure_kpa"] = None
    detail = f"the device's profile must say {names}, as it was ordered"
    said.issues.append(Issue(Code.MISSING_PARAMETER, "pressure_kpa", raw, detail))
