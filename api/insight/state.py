"""The state of a bin or tree, by fixed thresholds.

Bins by fill level: below 75 % ok, below 90 % soon, else full. Trees by usable field capacity (DWD classes: below 30 %
critical, below 50 % dry, else ok) and by soil water tension (Berlin method, Stadt+Grün 2023: up to 32 kPa ok, up to
80 kPa dry, above critical); the driest probe counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from api.answers import Observation, StateWord
from api.observations import usable

STATES: Final[dict[str, tuple[StateWord, ...]]] = {
    "bin": ("ok", "soon", "full"),
    "tree": ("ok", "dry", "critical"),
}
"""Kind of asset to its states, best first. Every kind may also be unknown."""


def of_level(percent: float) -> StateWord:
    """State of a bin at this fill level."""
    if percent < 75:
        return "ok"
    return "soon" if percent < 90 else "full"


def of_field_capacity(percent: float) -> StateWord:
    """State of a tree at this share of its usable field capacity."""
    if percent < 30:
        return "critical"
    return "dry" if percent < 50 else "ok"


def of_tension(kpa: float) -> StateWord:
    """State of a tree at this soil water tension."""
    if kpa <= 32:
        return "ok"
    return "dry" if kpa <= 80 else "critical"


_RULES: Final[Mapping[str, Mapping[str, Callable[[float], StateWord]]]] = {
    "bin": {"level_pct": of_level},
    "tree": {"soil_nfk_pct": of_field_capacity, "soil_tension_kpa": of_tension},
}


def state(kind: str, current: Iterable[Observation]) -> StateWord:
    """The worst state that a usable value stands for; unknown without any. `current`: values that are not stale."""
    rules = _RULES.get(kind, {})
    found = [
        rules[observation.quantity](observation.value)
        for observation in current
        if observation.quantity in rules and usable(observation) and observation.value is not None
    ]
    return max(found, key=STATES[kind].index, default="unknown") if found else "unknown"
