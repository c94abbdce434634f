"""What the boards of those who run things have in common: tiles, lines, tables, and texts in two languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from .dashboard import Annotation, Json, Panel, Query, Step
from .influxql import Rows

# Blue, orange and vermilion of Okabe and Ito: told apart with every kind of colour blindness. Grey is not known.
CALM, LATE, BAD, UNKNOWN = "#0072B2", "#E69F00", "#D55E00", "#999999"
DEVICE_BOARD: Final = "smartcity-device"
Language = Literal["de", "en"]
Say = Callable[[str, str], str]
"""Of a German and an English text the one that the board speaks."""
LANGUAGES: Final[Mapping[Language, Say]] = {"de": lambda german, _: german, "en": lambda _, english: english}


def uid(name: str, language: Language) -> str:
    """Of a board in a language; links keep to it."""
    return name if language == "de" else f"{name}-{language}"


def rising(late: float, bad: float) -> tuple[Step, ...]:
    """The more the worse."""
    return (None, CALM), (late, LATE), (bad, BAD)


def falling(bad: float, late: float) -> tuple[Step, ...]:
    """The less the worse."""
    return (None, BAD), (bad, LATE), (late, CALM)


_LOWEST: Final = -1e9

PLAIN: Final[tuple[Step, ...]] = ((None, CALM),)


def mapped(texts: Mapping[int, tuple[str, str]]) -> list[Json]:
    """Texts and colours of whole numbers."""
    options = {
        str(value): {"text": text, "color": colour, "index": n}
        for n, (value, (text, colour)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]


@dataclass(frozen=True, slots=True)
class Said:
    """Title, description, and what stands there when there is nothing."""

    title: str
    description: str
    empty: str


def known(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Grey is below every number: where there is none, a tile must not look as calm as a zero."""
    return (None, UNKNOWN), (_LOWEST, steps[0][1]), *steps[1:]


def tile(said: Said, query: str, unit: str, steps: tuple[Step, ...], mappings: list[Json] | None = None) -> Panel:
    """A number of each series under its name, readable from afar."""
    return Panel(
        kind="stat",
        title=said.title,
        description=said.description,
        queries=(Query(query, "time_series", "$tag_name" if '"name"' in query else ""),),
        size=(4, 4),
        unit=unit,
        steps=known(steps),
        no_value=said.empty,
        defaults={"mappings": mappings} if mappings else {},
        options={
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "center",
            "textMode": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    )


def lines(said: Said, queries: tuple[Query, ...], unit: str, steps: tuple[Step, ...], interval: str = "30m") -> Panel:
    """Over time; gaps over three hours stay open."""
    custom = {
        "drawStyle": "line",
        "lineWidth": 2,
        "fillOpacity": 0,
        "showPoints": "auto",
        "spanNulls": 3 * 3_600_000,
        "thresholdsStyle": {"mode": "line" if len(steps) > 1 else "off"},
    }
    return Panel(
        kind="timeseries",
        title=said.title,
        description=said.description,
        queries=queries,
        size=(12, 8),
        unit=unit,
        steps=steps,
        no_value=said.empty,
        defaults={"custom": custom},
        options={
            "legend": {"displayMode": "list", "placement": "bottom", "calcs": ["lastNotNull"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        interval=interval,
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, unit, and what else Grafana's field options say of it."""

    title: str
    unit: str = "none"
    more: tuple[tuple[str, object], ...] = ()


ON_COLOUR: Final = ("custom.cellOptions", {"type": "color-background", "mode": "basic"})
IN_COLOUR: Final = ("custom.cellOptions", {"type": "color-text"})
GAUGE: Final = ("custom.cellOptions", {"type": "gauge", "mode": "lcd"})
"""How a cell shows its number, in the form that Grafana takes since 9.4."""

_NO_CELL: Final[Json] = {
    "matcher": {"id": "byRegexp", "options": "/.*/"},
    "properties": [{"id": "noValue", "value": "–"}],  # noqa: RUF001 a dash as it is set in tables
}
"""A cell without a value; what the panel says of none at all would stand in every one."""


def table(said: Said, rows: Sequence[Rows], columns: Mapping[str, Column], sort: str, height: int = 9) -> Panel:
    """Rows of all queries in one table: those that agree in what they share are one.

    `columns`: by the name that the answer gives; others are hidden.
    `sort`: the title of the column by which it falls.
    """
    overrides = [_column(column) for column in columns.values()]
    names = {name: column.title for name, column in columns.items()}
    order = {name: n for n, name in enumerate(columns)}
    return Panel(
        kind="table",
        title=said.title,
        description=said.description,
        queries=tuple(Query(one.text, "table", columns=one.names) for one in rows),
        size=(24, height),
        unit="none",
        steps=PLAIN,
        no_value=said.empty,
        defaults={"custom": {"align": "auto", "filterable": True}},
        overrides=(_NO_CELL, *(override for override in overrides if override["properties"])),
        options={"showHeader": True, "sortBy": [{"displayName": sort, "desc": True}]},
        transformations=(
            {"id": "merge", "options": {}},
            {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}},
            {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": names}},
        ),
    )


def painted(series: str, colour: str) -> Json:
    """An override: a series in its own colour."""
    fixed = {"mode": "fixed", "fixedColor": colour}
    return {"matcher": {"id": "byName", "options": series}, "properties": [{"id": "color", "value": fixed}]}


def marks(name: str, rows: Rows, colour: str) -> Annotation:
    """Events on the time axis of all panels."""
    return Annotation(name, Query(rows.text, "table", columns=rows.names), colour)


def limited(panel: Panel, number: int) -> Panel:
    """So many rows of a table, after it was sorted."""
    sort = {"id": "sortBy", "options": {"sort": [{"field": panel.options["sortBy"][0]["displayName"], "desc": True}]}}
    limit = {"id": "limit", "options": {"limitField": number}}
    return replace(panel, transformations=(*panel.transformations, sort, limit))


def _column(column: Column) -> Json:
    properties: list[Json] = [{"id": "unit", "value": column.unit}] if column.unit != "none" else []
    properties += [{"id": name, "value": value} for name, value in column.more]
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def coloured(steps: tuple[Step, ...]) -> tuple[tuple[str, object], ...]:
    """A cell whose background says how its number is; grey where there is none."""
    shown = {"mode": "absolute", "steps": [{"color": colour, "value": value} for value, colour in known(steps)]}
    return ("thresholds", shown), ON_COLOUR


def to_device(say: Say, language: Language) -> tuple[tuple[str, object], ...]:
    """The device's id leads to its board."""
    url = f"/d/{uid(DEVICE_BOARD, language)}?var-device=${{__value.raw}}&${{__url_time_range}}"
    return (("links", [{"title": say("Gerät zeigen", "Show the device"), "url": url}]),)


def open_data(say: Say) -> Json:
    """The link of an asset's id to its values; the board has the API's address."""
    url = "${api}/api/v1/stations/${__value.raw}/observations"
    return {"title": say("Offene Daten (JSON)", "Open data (JSON)"), "url": url, "targetBlank": True}


def to_open_data(say: Say) -> tuple[tuple[str, object], ...]:
    """An asset's id leads to its values."""
    return (("links", [open_data(say)]),)


def states(say: Say) -> list[Json]:
    """Of a device."""
    return mapped(
        {
            0: (say("meldet sich", "online"), CALM),
            1: (say("verspätet", "late"), LATE),
            2: (say("stumm", "silent"), BAD),
        }
    )
