"""What Grafana makes of InfluxDB's answers: named lines, and tables that are merged, narrowed, renamed and sorted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .expand import Json

Answers = Sequence[Sequence[Json]]
"""Of a panel: the series of each of its queries."""
Cell = float | str | bool | None
Row = dict[str, Cell]
_ALIAS: Final = re.compile(r"\$tag_(\w+)|\$(col)\b")


@dataclass(frozen=True, slots=True)
class Line:
    """Values over time; None is a point of which nothing is known."""

    name: str
    times_ms: tuple[int, ...]
    values: tuple[float | None, ...]

    @property
    def last(self) -> float | None:
        """The newest value that is known."""
        return next((value for value in reversed(self.values) if value is not None), None)


def lines(panel: Json, answers: Answers) -> list[Line]:
    """Each column of each series, named by the query's alias."""
    pairs = zip(panel["targets"], answers, strict=True)
    return [line for target, series in pairs for one in series for line in _columns(target.get("alias", ""), one)]


def _columns(alias: str, series: Json) -> Iterator[Line]:
    times, *columns = zip(*series["values"], strict=True)
    tags = series.get("tags", {})
    for name, values in zip(series["columns"][1:], columns, strict=True):
        said = ", ".join(f"{key}: {value}" for key, value in tags.items())
        plain = f"{series['name']}.{name}" + (f" {{{said}}}" if said else "")
        yield Line(_named(alias, name, tags) if alias else plain, times, values)


def _named(alias: str, column: str, tags: Mapping[str, str]) -> str:
    return _ALIAS.sub(lambda found: column if found[2] else tags.get(found[1], ""), alias)


@dataclass(frozen=True, slots=True)
class Table:
    """Titles of its columns, and its rows, with a cell for each of them."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, title: str) -> list[Cell]:
        """Its cells; none when there is no such column."""
        return [row[self.titles.index(title)] for row in self.rows] if title in self.titles else []


def table(panel: Json, answers: Answers) -> Table:
    """After the panel's transformations and its order."""
    changes = {change["id"]: change["options"] for change in panel["transformations"]}
    renamed: dict[str, str] = changes["organize"]["renameByName"]
    order: dict[str, int] = changes["organize"]["indexByName"]
    found = merged([list(_rows(series)) for series in answers])
    there = {name for row in found for name in row}
    names = [name for name in sorted(order, key=order.__getitem__) if name in there]
    titles = tuple(renamed[name] for name in names)
    rows = [tuple(row.get(name) for name in names) for row in found]
    for wanted in reversed(panel["options"].get("sortBy", [])):
        if wanted["displayName"] in titles:
            rows = _sorted(rows, titles.index(wanted["displayName"]), falling=wanted["desc"])
    return Table(titles, tuple(rows[: changes["limit"]["limitField"]] if "limit" in changes else rows))


def _rows(series: Sequence[Json]) -> Iterator[Row]:
    for one in series:
        for cells in one["values"]:
            yield dict(zip(("Time", *one["columns"][1:]), cells, strict=True)) | one.get("tags", {})


def merged(tables: Sequence[Sequence[Row]]) -> list[Row]:
    """Rows that agree in all columns that every table has become one."""
    filled = [rows for rows in tables if rows]
    keys = sorted(set.intersection(*({name for row in rows for name in row} for rows in filled))) if filled else []
    found: dict[tuple[Cell, ...], Row] = {}
    for rows in filled:
        for row in rows:
            found.setdefault(tuple(row.get(key) for key in keys), {}).update(row)
    return list(found.values())


def _sorted(rows: list[tuple[Cell, ...]], column: int, *, falling: bool) -> list[tuple[Cell, ...]]:
    """By one column, stable; what is not known is the least of all, as in Grafana."""

    def key(row: tuple[Cell, ...]) -> tuple[bool, Any]:
        return row[column] is not None, row[column] if row[column] is not None else 0

    return sorted(rows, key=key, reverse=falling)
