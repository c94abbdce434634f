"""The board of the bins: how full, since when, and which are due."""

from __future__ import annotations

from typing import Final

from .dashboard import Choice, Dashboard, Json, Panel, Query, Step
from .influxql import SILENT_AFTER, history, newest, number_between, number_silent, values_of

DUE_PCT: Final = 75.0
OVERFULL_PCT: Final = 90.0

# Blue, orange and vermilion of Okabe and Ito: told apart with every kind of colour blindness.
_CALM, _DUE, _OVERFULL = "#0072B2", "#E69F00", "#D55E00"
_LEVEL_STEPS: Final[tuple[Step, ...]] = ((None, _CALM), (DUE_PCT, _DUE), (OVERFULL_PCT, _OVERFULL))
_EMPTY: Final = "Keine Daten: Zeitraum, Stadt und Behälter prüfen"
_LONGEST_GAP_MS: Final = 3 * 3_600_000


def _count(title: str, description: str, query: str, colour: str) -> Panel:
    return Panel(
        kind="stat",
        title=title,
        description=description,
        queries=(Query(query, "table"),),
        size=(8, 4),
        unit="none",
        steps=((None, _CALM), (1, colour)),
        no_value="keine Daten",
        defaults={"decimals": 0, "min": 0},
        options={
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "center",
            "textMode": "value",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    )


def _level_history() -> Panel:
    return Panel(
        kind="timeseries",
        title="Füllstand im Verlauf",
        description="Füllstand je Behälter. Lücken über drei Stunden bleiben offen: dann hat der Sensor nichts gesagt.",
        queries=(Query(history("bin_level", "level_pct"), "time_series", "$tag_asset_id"),),
        size=(24, 11),
        unit="percent",
        steps=_LEVEL_STEPS,
        no_value=_EMPTY,
        defaults={
            "min": 0,
            "max": 100,
            "decimals": 0,
            "custom": {
                "drawStyle": "line",
                "lineWidth": 2,
                "fillOpacity": 0,
                "showPoints": "auto",
                "spanNulls": _LONGEST_GAP_MS,
                "thresholdsStyle": {"mode": "line"},
                "axisLabel": "Füllstand",
            },
        },
        options={
            "legend": {"displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        interval="30m",
    )


_COLUMNS: Final[dict[str, tuple[str, str, str]]] = {
    "asset_id": ("", "Behälter", "none"),
    "tenant": ("", "Stadt", "none"),
    "level_pct": ("lastNotNull", "Füllstand", "percent"),
    "volume_l": ("lastNotNull", "Inhalt", "litre"),
    "temperature_c": ("lastNotNull", "Temperatur", "celsius"),
    "battery_pct": ("lastNotNull", "Batterie", "percent"),
    "battery_v": ("lastNotNull", "Batteriespannung", "volt"),
    "quality": ("lastNotNull", "Güte", "none"),
    "Time": ("max", "Zuletzt gehört", "dateTimeFromNow"),
}
"""Column of the answers to how its rows of one bin become one (empty: they are what makes them one), title, unit."""

_QUALITY: Final = {"1": "gut", "2": "ungeprüft", "3": "fraglich", "4": "falsch", "9": "fehlt"}


def _named(column: str) -> str:
    reducer = _COLUMNS[column][0]
    return f"{column} ({reducer})" if reducer else column


def _one_row_each() -> tuple[Json, ...]:
    """Rows of both queries of one bin become one row; what is no bin has no quality of a level and goes."""
    fields = {
        column: {"operation": "aggregate", "aggregations": [reducer]}
        if reducer
        else {"operation": "groupby", "aggregations": []}
        for column, (reducer, _, _) in _COLUMNS.items()
    }
    bins = {"fieldName": _named("quality"), "config": {"id": "isNotNull", "options": {}}}
    names = {_named(column): title for column, (_, title, _) in _COLUMNS.items()}
    order = {_named(column): n for n, column in enumerate(_COLUMNS)}
    return (
        {"id": "merge", "options": {}},
        {"id": "groupBy", "options": {"fields": fields}},
        {"id": "filterByValue", "options": {"type": "include", "match": "all", "filters": [bins]}},
        {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": names}},
    )


def _override(title: str, **properties: object) -> Json:
    wanted = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": "byName", "options": title}, "properties": wanted}


def _newest_table() -> Panel:
    level = _override("Füllstand", unit="percent", min=0, max=100, custom__displayMode="lcd-gauge")
    texts = {value: {"text": text, "index": n} for n, (value, text) in enumerate(_QUALITY.items())}
    quality = _override("Güte", mappings=[{"type": "value", "options": texts}])
    units = [_override(title, unit=unit) for _, title, unit in _COLUMNS.values() if unit != "none"]
    return Panel(
        kind="table",
        title="Letzte Werte",
        description="Die jüngste Meldung jedes Behälters im Zeitraum. Was unbekannt ist, ist nicht null.",
        queries=(
            Query(newest("bin_level", ("level_pct", "volume_l", "temperature_c", "quality")), "table"),
            Query(newest("bin_level", ("battery_pct", "battery_v")), "table"),
            Query(newest("device_status", ("battery_pct", "battery_v")), "table"),
        ),
        size=(24, 12),
        unit="none",
        steps=_LEVEL_STEPS,
        no_value="unbekannt",
        defaults={"decimals": 1, "custom": {"align": "auto", "filterable": True}},
        overrides=(*units, level, quality),
        options={"showHeader": True, "sortBy": [{"displayName": "Füllstand", "desc": True}]},
        transformations=_one_row_each(),
    )


def board() -> Dashboard:
    """All of it."""
    hours = SILENT_AFTER.removesuffix("h")
    return Dashboard(
        uid="smartcity-bins",
        title="Behälter",
        description="Füllstände der Behälter: was fällig ist, was überfüllt ist, wer schweigt.",
        panels=(
            _count(
                "Fällig",
                f"Behälter mit {DUE_PCT:g} bis unter {OVERFULL_PCT:g} %, in den letzten {hours} Stunden gehört.",
                number_between("bin_level", "level_pct", DUE_PCT, OVERFULL_PCT),
                _DUE,
            ),
            _count(
                "Überfüllt",
                f"Behälter mit {OVERFULL_PCT:g} % und mehr, in den letzten {hours} Stunden gehört.",
                number_between("bin_level", "level_pct", OVERFULL_PCT),
                _OVERFULL,
            ),
            _count(
                "Stumm",
                f"Behälter, die im Zeitraum gehört wurden, aber nicht in dessen letzten {hours} Stunden.",
                number_silent("bin_level"),
                _DUE,
            ),
            _level_history(),
            _newest_table(),
        ),
        choices=(
            Choice("city", "Stadt", values_of("bin_level", "tenant")),
            Choice("bin", "Behälter", values_of("bin_level", "asset_id", within="tenant")),
        ),
    )
