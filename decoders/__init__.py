"""What a frame says: pure decoders from bytes to readings. Standard library only."""

from __future__ import annotations

from functools import cache

from .devices import load
from .model import Code, Decoded, Decoder, Event, Issue, Kind, Reading
from .quantities import QUANTITIES, Quantity

__all__ = [
    "QUANTITIES",
    "Code",
    "Decoded",
    "Decoder",
    "Event",
    "Issue",
    "Kind",
    "Quantity",
    "Reading",
    "all_decoders",
    "by_name",
    "find",
]


@cache
def all_decoders() -> dict[str, Decoder]:
    """Every decoder by its key."""
    return load()


@cache
def by_name() -> dict[str, Decoder]:
    """Every decoder by each of its names in lower case: key, model names, aliases."""
    names = {name.casefold(): d for d in all_decoders().values() for name in (*d.aliases, *d.models)}
    return names | all_decoders()


def find(name: str) -> Decoder | None:
    """The decoder with this key, model name or alias (upper or lower case), or None."""
    return by_name().get(name) or by_name().get(name.casefold())
