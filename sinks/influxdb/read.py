"""Rows back out of InfluxDB, by InfluxQL with bound parameters.

Names in a query come from the schema; every value is bound, so no text from outside can change what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from sinks.errors import SinkError
from sinks.guard import check_selection
from sinks.influxdb.connection import Connection
from sinks.influxdb.schema import MEASUREMENTS, TAGS
from sinks.influxdb.session import Session
from sinks.model import Field
from sinks.ports import Row, Selection, series_key

TYPES: Final[Mapping[type[Field], str]] = {float: "float", int: "integer", bool: "boolean", str: "string"}
"""As InfluxQL calls them."""

LAST_MS: Final = 2**63 // 1_000_000
"""InfluxDB counts nanoseconds in 64 bits."""


class InfluxReader:
    """A `Reader`. Any number of threads may ask."""

    def __init__(self, connection: Connection) -> None:
        self._session = Session(connection)

    def latest(self, selection: Selection) -> list[Row]:
        check_selection(selection)
        found = self._select(selection, _fields(selection), f"GROUP BY {_GROUPS} ORDER BY time DESC LIMIT 1")
        newest = {series_key(row.tags): row for row in sorted(found, key=_position)}  # a 3 gives one for each field
        return [newest[key] for key in sorted(newest)]

    def rows(self, selection: Selection, after: tuple[int, str] | None = None, limit: int = 1000) -> list[Row]:
        check_selection(selection, limit)
        page: list[Row] = []
        if after is not None:
            time_ms, key = after
            page = [row for row in self._at(selection, time_ms) if series_key(row.tags) > key]
            selection = replace(selection, from_ms=max(selection.from_ms, time_ms + 1))
        if len(page) < limit:
            page += self._first(selection, limit - len(page))
        return page[:limit]

    def generation(self) -> int:
        """Of the server that answers."""
        with self._session.errors():
            return self._session.dialect().generation

    def probe(self) -> None:
        """Raise what reading would."""
        self.latest(Selection(next(iter(MEASUREMENTS)), 0, 1))

    def check(self) -> list[str]:
        """Sentences that say what is missing to read; empty when all is well."""
        try:
            self.probe()
        except SinkError as error:
            return [str(error)]
        return []

    def field_keys(self) -> dict[str, list[list[str]]]:
        """Measurement to name and type of each field in the bucket; a name of two types stands there twice."""
        return {series["name"]: series["values"] for series in self._query("SHOW FIELD KEYS", {})}

    def close(self) -> None:
        self._session.close()

    def _first(self, selection: Selection, limit: int) -> list[Row]:
        """At least the first `limit` rows by time and series, if there are so many.

        The server orders by time alone and cuts anywhere among rows of one time: the last time is asked for whole. A 3
        gives so many values of each field, and so further rows that are not whole.
        """
        found = sorted(
            self._select(selection, _columns(selection), "ORDER BY time LIMIT $limit", limit=limit), key=_position
        )
        if len(found) >= limit:
            last = found[limit - 1].time_ms
            found = [row for row in found if row.time_ms < last] + self._at(selection, last)
        return sorted(found, key=_position)

    def _at(self, selection: Selection, time_ms: int) -> list[Row]:
        if not selection.from_ms <= time_ms < selection.to_ms:
            return []
        moment = replace(selection, from_ms=time_ms, to_ms=time_ms + 1)
        return sorted(self._select(moment, _columns(selection), ""), key=_position)

    def _select(self, selection: Selection, columns: str, clauses: str, **bound: int) -> Iterator[Row]:
        condition, values = _condition(selection)
        if values["from"] < values["to"]:
            text = f'SELECT {columns} FROM "{selection.measurement}" WHERE {condition} {clauses}'  # noqa: S608  # see above
            for series in self._query(text, values | bound):
                yield from _rows(series)

    def _query(self, text: str, values: Mapping[str, Any]) -> list[Any]:
        with self._session.errors():
            return self._session.ask(text, values)


_TAG_LIST: Final = ", ".join(f'"{name}"::tag' for name in TAGS)
_GROUPS: Final = ", ".join(f'"{name}"' for name in TAGS)


def _fields(selection: Selection) -> str:
    """Cast, since a field may have got another type in some shard behind our back."""
    return ", ".join(f'"{name}"::{TYPES[kind]}' for name, kind in MEASUREMENTS[selection.measurement].items())


def _columns(selection: Selection) -> str:
    return f"{_fields(selection)}, {_TAG_LIST}"


def _condition(selection: Selection) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {
        "from": max(selection.from_ms, -LAST_MS) * 1_000_000,
        "to": min(selection.to_ms, LAST_MS) * 1_000_000,
    }
    terms = ["time >= $from", "time < $to"]
    for name in ("tenant", "asset_id", "device_id"):
        wanted = getattr(selection, name)
        if wanted:
            values[name] = wanted
            terms.append(f'"{name}" = ${name}')
    return " AND ".join(terms), values


def _rows(series: Mapping[str, Any]) -> Iterator[Row]:
    measurement, columns = series["name"], series["columns"]
    types = MEASUREMENTS[measurement]
    grouped = series.get("tags", {})
    for values in series["values"]:
        cells = dict(zip(columns, values, strict=True))
        tags = {name: grouped.get(name) or cells.get(name) or "" for name in TAGS}
        fields = {name: kind(cells[name]) for name, kind in types.items() if cells[name] is not None}
        yield Row(measurement, cells["time"], tags, fields)


def _position(row: Row) -> tuple[int, str]:
    return row.time_ms, series_key(row.tags)
