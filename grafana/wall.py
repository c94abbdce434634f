"""What the boards of bins and trees have in common: a map, tiles that are read from afar, states with their colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from .dashboard import Constant, Dashboard, Json, Link, Panel, Query, Step
from .influxql import Rows
from .technical import (
    CALM,
    PLAIN,
    UNKNOWN,
    Column,
    Language,
    Said,
    Say,
    coloured,
    lines,
    mapped,
    open_data,
    table,
    tile,
    uid,
)

API: Final = Constant("api", "http://localhost:8000")
"""Where the open data are, as a browser reaches it."""
SOON: Final = "#56B4E9"
_OUTLINES: Final = "public/maps/countries.geojson"
"""A file of Grafana itself: a map of tiles would ask a foreign server."""


def led_to(board: Dashboard, api: str) -> Dashboard:
    """The board with links to the open data at that address."""
    there = replace(API, value=api.rstrip("/"))
    return replace(board, choices=[there if one is API else one for one in board.choices])


def count(said: Said, query: str, colour: str) -> Panel:
    """A number that is fine at 0; the digits alone fill the tile."""
    return replace(
        tile(said, query, "none", ((None, CALM), (1, colour))), defaults={"decimals": 0, "min": 0}, size=(6, 5)
    )


def state_steps(codes: Mapping[int, str]) -> tuple[Step, ...]:
    """Colours of state codes as steps, for what colours by number."""
    first, *others = codes.items()
    return ((None, first[1]), *((float(code), colour) for code, colour in others))


def state_column(title: str, words: Mapping[int, str], colours: Mapping[int, str]) -> Column:
    """State codes as words on their colours; what is not known looks like nothing else."""
    mappings = mapped({code: (word, colours[code]) for code, word in words.items()})
    return Column(title, more=(("mappings", mappings), *coloured(state_steps(colours))))


def city_map(said: Said, rows: Sequence[Rows], state: Column, columns: Mapping[str, Column]) -> Panel:
    """Assets where they stand: colour and word say the state; a click shows the rest of `columns` and leads on."""
    marks = table(said, rows, columns, state.title)
    style = {
        "size": {"fixed": 9, "min": 5, "max": 15},
        "color": {"field": state.title, "fixed": UNKNOWN},
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
        "opacity": 0.9,
        "text": {"mode": "field", "field": state.title, "fixed": ""},
        "textConfig": {"fontSize": 13, "offsetX": 0, "offsetY": 18, "textAlign": "center", "textBaseline": "middle"},
    }
    layer = {
        "type": "markers",
        "name": said.title,
        "config": {"style": style, "showLegend": False},
        "location": {"mode": "coords", "latitude": columns["lat"].title, "longitude": columns["lon"].title},
        "tooltip": True,
    }
    own = {"src": _OUTLINES, "rules": [], "style": {"color": {"fixed": UNKNOWN}, "opacity": 0.1, "lineWidth": 1}}
    options = {
        "view": {"id": "fit", "lat": 50.5, "lon": 9.0, "zoom": 8, "allLayers": False, "layer": said.title},
        "basemap": {"type": "geojson", "name": "Basemap", "config": own},
        "layers": [layer],
        "controls": {"showZoom": True, "mouseWheelZoom": False, "showAttribution": True, "showScale": True},
        "tooltip": {"mode": "details"},
    }
    return replace(marks, kind="geomap", size=(12, 14), options=options, defaults={})


def in_order(panel: Panel, *titles: tuple[str, bool]) -> Panel:
    """Sorted by several columns, each with whether it falls."""
    wanted = [{"displayName": title, "desc": falling} for title, falling in titles]
    return replace(panel, options=panel.options | {"sortBy": wanted})


def line(said: Said, queries: tuple[Query, ...], unit: str, steps: tuple[Step, ...] = PLAIN, size: int = 12) -> Panel:
    """Values over time with their thresholds, a percentage between its ends."""
    panel = lines(said, queries, unit, steps, "1h")
    percent: Json = {"min": 0, "max": 100} if unit == "percent" else {}
    return replace(panel, size=(size, 9), defaults=percent | panel.defaults)


def second_axis(panel: Panel, series: str, unit: str) -> Panel:
    """One series of a panel on an axis of its own, at the right."""
    properties = [
        {"id": "unit", "value": unit},
        {"id": "custom.axisPlacement", "value": "right"},
        {"id": "min"},
        {"id": "max"},
        {"id": "color", "value": {"mode": "fixed", "fixedColor": UNKNOWN}},
    ]
    override = {"matcher": {"id": "byName", "options": series}, "properties": properties}
    return replace(panel, overrides=(*panel.overrides, override))


def leads_to(say: Say, language: Language, board: str, variable: str) -> tuple[tuple[str, object], ...]:
    """A cell whose value, chosen on another board, shows more; or its values in the open data."""
    detail = f"/d/{uid(board, language)}?var-{variable}=${{__value.raw}}&${{__url_time_range}}"
    return (("links", [{"title": say("Verlauf zeigen", "Show its history"), "url": detail}, open_data(say)]),)


def heads(say: Say, language: Language, *others: tuple[str, str, str]) -> tuple[Link, ...]:
    """Links of a board's head. `others`: uid, German and English title of boards."""
    boards = (Link(say(german, english), f"/d/{uid(name, language)}", keep=True) for name, german, english in others)
    export = Link(say("Alle Orte (GeoJSON)", "All places (GeoJSON)"), "${api}/api/v1/stations.geojson", keep=False)
    return (*boards, export)


def quality(say: Say) -> list[Json]:
    """Words for flags of quality."""
    words = {"1": say("gut", "good"), "2": say("ungeprüft", "not checked"), "3": say("fraglich", "doubtful"),
             "4": say("falsch", "wrong"), "9": say("fehlt", "missing")}  # fmt: skip
    return [{"type": "value", "options": {key: {"text": word, "index": int(key)} for key, word in words.items()}}]
