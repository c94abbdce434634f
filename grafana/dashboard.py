"""A small part of Grafana's classic dashboard JSON, typed: just what our boards use.

Schema version 39 and string-form variable queries load in every Grafana from 9.4 to 13, which migrates them itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

SCHEMA_VERSION: Final = 39
SOURCE: Final = {"type": "influxdb", "uid": "${source}"}
"""Where every query goes: the data source that is chosen in the board's first variable."""
_WIDTH: Final = 24

Json = dict[str, Any]
Step = tuple[float | None, str]
"""From this value on (None: from below) this colour."""


@dataclass(frozen=True, slots=True)
class Query:
    """One InfluxQL query. `alias` names its series, e.g. `$tag_asset_id`."""

    text: str
    form: Literal["time_series", "table"]
    alias: str = ""

    def to_json(self, ref: str) -> Json:
        """As a target of a panel, under the letter `ref`."""
        target = {"datasource": SOURCE, "query": self.text, "rawQuery": True, "refId": ref, "resultFormat": self.form}
        return target | ({"alias": self.alias} if self.alias else {})


@dataclass(frozen=True, slots=True)
class Panel:
    """A tile. `defaults` and `overrides` are Grafana's field options; `interval` is the shortest time of one point."""

    kind: Literal["stat", "timeseries", "table", "state-timeline"]
    title: str
    description: str
    queries: tuple[Query, ...]
    size: tuple[int, int]
    unit: str
    steps: tuple[Step, ...]
    no_value: str
    defaults: Json = field(default_factory=dict)
    overrides: tuple[Json, ...] = ()
    options: Json = field(default_factory=dict)
    transformations: tuple[Json, ...] = ()
    interval: str = ""

    def to_json(self, number: int, place: Json) -> Json:
        """As an entry of `panels`."""
        steps = [{"color": colour, "value": value} for value, colour in self.steps]
        defaults = {"unit": self.unit, "noValue": self.no_value, "thresholds": {"mode": "absolute", "steps": steps}}
        panel = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": SOURCE,
            "gridPos": place,
            "targets": [query.to_json(chr(ord("A") + n)) for n, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": defaults | self.defaults, "overrides": list(self.overrides)},
            "options": self.options,
            "transformations": list(self.transformations),
        }
        return panel | ({"interval": self.interval} if self.interval else {})


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable whose values a query finds; at first everything is chosen, or the first when only one can be."""

    name: str
    label: str
    query: str
    number: Literal["many", "one"] = "many"

    def to_json(self) -> Json:
        """As an entry of `templating`."""
        variable = {
            "type": "query",
            "name": self.name,
            "label": self.label,
            "datasource": SOURCE,
            "query": self.query,
            "definition": self.query,
            "refresh": 2,  # whenever the time changes
            "sort": 5,  # by name, no matter the case
        }
        if self.number == "one":
            return variable | {"multi": False, "includeAll": False, "current": {}}
        everything = {"selected": True, "text": ["All"], "value": ["$__all"]}
        return variable | {"multi": True, "includeAll": True, "allValue": ".*", "current": everything}


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A board: panels flow from left to right and wrap."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]
    choices: Sequence[Choice]
    time_zone: str = "Europe/Berlin"
    since: str = "now-7d"
    refresh: str = "5m"

    def to_json(self) -> Json:
        """The classic model, without an id: Grafana gives its own."""
        places = _places([panel.size for panel in self.panels])
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["smartcity"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "timezone": self.time_zone,
            "weekStart": "monday",
            "refresh": self.refresh,
            "time": {"from": self.since, "to": "now"},
            "timepicker": {},
            "links": [],
            "annotations": {"list": []},
            "templating": {"list": [_SOURCES, *(choice.to_json() for choice in self.choices)]},
            "panels": [
                panel.to_json(n, place) for n, (panel, place) in enumerate(zip(self.panels, places, strict=True), 1)
            ],
        }

    def text(self) -> str:
        """The file, the same bytes for the same board."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=2) + "\n"


_SOURCES: Final[Json] = {
    "type": "datasource",
    "name": "source",
    "label": "Datenquelle",
    "query": "influxdb",
    "hide": 2,  # there is one, unless an operator adds more
    "current": {"selected": True, "text": "Smart City", "value": "smartcity"},
}


def _places(sizes: Sequence[tuple[int, int]]) -> Iterator[Json]:
    x = y = height = 0
    for width, tall in sizes:
        if x + width > _WIDTH:
            x, y, height = 0, y + height, 0
        yield {"x": x, "y": y, "w": width, "h": tall}
        x, height = x + width, max(height, tall)
