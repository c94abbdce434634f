"""Commands that are loaded when they are asked for: a service that runs for months bears only what is its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def later(modules: Mapping[str, str]) -> type[TyperGroup]:
    """A kind of group that has these commands too, each put in by `add_to` of the module beside its name."""

    class Later(TyperGroup):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            self.commands = _Commands(self.commands, modules)  # type: ignore[assignment]  # nobody adds to it

    return Later


@dataclass(frozen=True, slots=True)
class _Commands(Mapping[str, Any]):
    """`here`: commands that are loaded already."""

    here: Mapping[str, Any]
    modules: Mapping[str, str]

    def __getitem__(self, name: str) -> Any:
        if name not in self.modules:
            return self.here[name]
        app = typer.Typer()
        import_module(self.modules[name]).add_to(app)
        return get_group(app).commands[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.here
        yield from self.modules

    def __len__(self) -> int:
        return len(self.here) + len(self.modules)
