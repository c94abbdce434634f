"""What a frame says: pure decoders from bytes to readings. Standard library only."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from . import devices
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
    return devices.load()


@cache
def _files() -> frozenset[str]:
    return frozenset(module.name for module in iter_modules(devices.__path__))


@cache
def _of_file(key: str) -> Decoder | None:
    """A decoder from its own file, without the others: a city has a few models, and all that there are take 3 MB."""
    found = import_module(f"{devices.__name__}.{key}").DECODER
    return found if isinstance(found, Decoder) else None


@cache
def by_name() -> dict[str, Decoder]:
    """Every decoder by each of its names in lower case: key, model names, aliases."""
    names = {name.casefold(): d for d in all_decoders().values() for name in (*d.aliases, *d.models)}
    return names | all_decoders()


@cache
def _by_letters() -> dict[str, Decoder]:
    """Names as `_letters` has them, with and without the vendor before them; those of two decoders are no name."""
    found: dict[str, Decoder] = {}
    shared: set[str] = set()
    for name, decoder in by_name().items():
        for form in {_letters(name), _letters(f"{decoder.vendor} {name}")}:
            if found.setdefault(form, decoder) is not decoder:
                shared.add(form)
    return {form: decoder for form, decoder in found.items() if form not in shared}


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9+]", "", name.casefold())


def find(name: str) -> Decoder | None:
    """The decoder with this key, model name or alias, or None.

    Upper or lower case, spaces and signs, and the vendor before it make no difference: "em400 mud" is found.
    """
    known = _of_file(name) if name in _files() else None
    return known or by_name().get(name) or by_name().get(name.casefold()) or _by_letters().get(_letters(name))
