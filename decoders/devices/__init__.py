"""Every device, found by being here: a new decoder is a new file in this folder and nothing else."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from decoders.model import Decoder


def load() -> dict[str, Decoder]:
    """Key to decoder for all neighbours of this file; the key of a decoder is the name of its file."""
    names = sorted(module.name for module in iter_modules(__path__))
    found = {name: import_module(f"{__name__}.{name}").DECODER for name in names}
    return {name: decoder for name, decoder in found.items() if isinstance(decoder, Decoder)}
