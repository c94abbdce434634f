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
    """One InfluxQL query. `alias` names its series, e.g. `$tag_asset_id`; `columns` are those of a table.

    The server side of Grafana 9.4 takes names of columns from where its query builder keeps them, and only from there.
    """

    text: str
    form: Literal["time_series", "table"]
    alias: str = ""
    columns: tuple[str, ...] = ()

    def to_json(self, ref: str) -> Json:
        """As a target of a panel, under the letter `ref`."""
        target = {"datasource": SOURCE, "query": self.text, "rawQuery": True, "refId": ref, "resultFormat": self.form}
        built = [[{"type": "field", "params": [name]}] for name in self.columns]
        return target | ({"alias": self.alias} if self.alias else {}) | ({"select": built} if built else {})


@dataclass(frozen=True, slots=True)
class Panel:
    """A tile. `defaults` and `overrides` are Grafana's field options; `interval` is the shortest time of one point."""

    kind: Literal["stat", "timeseries", "table", "state-timeline", "geomap"]
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
class Options:
    """A variable with a few fixed values; the first is chosen at first."""

    name: str
    label: str
    values: tuple[str, ...]

    def to_json(self) -> Json:
        """As an entry of `templating`."""
        first = self.values[0]
        return {
            "type": "custom",
            "name": self.name,
            "label": self.label,
            "query": ",".join(self.values),
            "options": [{"selected": value == first, "text": value, "value": value} for value in self.values],
            "multi": False,
            "includeAll": False,
            "current": {"selected": True, "text": first, "value": first},
        }


@dataclass(frozen=True, slots=True)
class Constant:
    """A hidden variable that stands for one text, e.g. an address in links."""

    name: str
    value: str

    def to_json(self) -> Json:
        """As an entry of `templating`."""
        chosen = {"selected": True, "text": self.value, "value": self.value}
        return {"type": "constant", "name": self.name, "query": self.value, "hide": 2, "current": chosen}


@dataclass(frozen=True, slots=True)
class Annotation:
    """Marks on the time axis: a row of the query each, whose columns `text` and `tags` are told.

    The browser of Grafana 9.4 looks for the columns that are named here, everybody else for just these two names.
    """

    name: str
    query: Query
    colour: str

    def to_json(self) -> Json:
        """As an entry of `annotations`."""
        return {
            "name": self.name,
            "datasource": SOURCE,
            "enable": True,
            "hide": False,
            "iconColor": self.colour,
            "target": self.query.to_json("Anno")
            | {"name": self.name, "fromAnnotations": True, "textColumn": "text", "tagsColumn": "tags"},
        }


@dataclass(frozen=True, slots=True)
class Link:
    """In the board's head. `keep`: the time and the variables go with it."""

    title: str
    url: str
    keep: bool

    def to_json(self) -> Json:
        """As an entry of `links`."""
        kept = {"keepTime": self.keep, "includeVars": self.keep, "targetBlank": not self.keep}
        return {"type": "link", "title": self.title, "url": self.url, "icon": "external link", "tags": []} | kept


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A board: panels flow from left to right and wrap."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]
    choices: Sequence[Choice | Options | Constant]
    time_zone: str = "Europe/Berlin"
    since: str = "now-7d"
    refresh: str = "5m"
    annotations: Sequence[Annotation] = ()
    links: Sequence[Link] = ()

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
            "links": [link.to_json() for link in self.links],
            "annotations": {"list": [annotation.to_json() for annotation in self.annotations]},
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
