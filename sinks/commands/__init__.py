"""The commands of this room; the door puts them into `smartcity`."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from . import dead_letters, influx, registry
from .registry import devices

__all__ = ["add_to", "devices"]


def add_to(app: typer.Typer, known_models: Mapping[str, str]) -> None:
    """Put all of them into the application. `known_models`: every name of a model to the key of its decoder."""
    registry.add_to(app, known_models)
    dead_letters.add_to(app)
    influx.add_to(app)
