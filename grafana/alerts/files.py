"""The provisioning files: their names and what makes each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import assets, devices, operations, routing
from .text import as_yaml

Json = dict[str, Any]


def rules() -> Json:
    """All rules, each beside the panel that shows what it watches."""
    groups = (
        assets.bins(("smartcity-bins", 1), ("smartcity-bins", 1)),
        assets.trees(("smartcity-bins", 1), ("smartcity-bins", 1)),
        devices.devices(("smartcity-bins", 1), ("smartcity-bins", 1), ("smartcity-bins", 1)),
        operations.pipeline(*[("smartcity-bins", 1)] * 4),
    )
    return {"apiVersion": 1, "groups": [group.to_json() for group in groups]}


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
