"""The commands of this room; the door puts them into `smartcity`."""

from __future__ import annotations

import typer

from . import dead_letters, influx, registry
from .registry import devices

__all__ = ["add_to", "devices"]


def add_to(app: typer.Typer) -> None:
    """Put all of them into the application."""
    registry.add_to(app)
    dead_letters.add_to(app)
    influx.add_to(app)
