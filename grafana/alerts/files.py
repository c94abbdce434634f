"""The provisioning files: their names and what makes each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from grafana import bins, fleet, pipeline, trees
from grafana.dashboard import Dashboard

from . import assets, devices, operations, routing
from .rule import Place
from .text import as_yaml

Json = dict[str, Any]


def rules() -> Json:
    """All rules, each beside the panel that shows what it watches."""
    of_bins, of_fleet, of_pipeline = bins.board(), fleet.board(), pipeline.board()
    level, need = _place(of_bins, bins.LIST), _place(trees.board(), trees.LIST)
    states, radio, battery = (_place(of_fleet, title) for title in (fleet.STATES, fleet.RADIO, fleet.BATTERY))
    watched = (pipeline.BOOKS, pipeline.BACKLOG, pipeline.LETTERS, pipeline.SOURCES)
    groups = (
        assets.bins(level, level),
        assets.trees(need, need),
        devices.devices(states, radio, battery, level, need),
        operations.pipeline(*(_place(of_pipeline, title) for title in watched)),
    )
    return {"apiVersion": 1, "groups": [group.to_json() for group in groups]}


def _place(board: Dashboard, title: str) -> Place:
    """Where a panel is. Raises StopIteration when the board has none of that title."""
    return board.uid, next(panel["id"] for panel in board.to_json()["panels"] if panel["title"] == title)


_MADE_BY: Final = "Made by `python -m grafana`; a change here is lost."
_CONTENTS: Final[dict[str, tuple[Callable[[], Json], str]]] = {
    "rules": (rules, "What is an alarm."),
    "contact-points": (routing.contact_points, "Who can be told. deploy/README.md says how to set addresses."),
    "policies": (routing.policies, "Who is told of what, and how often."),
    "mute-timings": (routing.mute_timings, "When only what is critical is told."),
    "templates": (routing.templates, "The words of messages."),
}


def texts() -> dict[str, str]:
    """Name of each file to its text."""
    return {name: as_yaml(make(), f"{what} {_MADE_BY}") for name, (make, what) in _CONTENTS.items()}
