"""What the reader of the embedded store asks of SQLite."""

# ruff: noqa: S608  # names come from the schema, every value is bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from sinks.embedded.layout import DAY_MS, columns
from sinks.influxdb.schema import MEASUREMENTS, TAGS
from sinks.ports import Row, Selection

_TAG_LIST: Final = ", ".join(f"series.{name}" for name in TAGS)
_KEY: Final = " || char(31) || ".join(f"series.{name}" for name in TAGS)  # as `sinks.ports.series_key`
_END_MS: Final = 2**53  # far beyond every stored time, well within SQLite's integers


class Query:
    """One question to one open file. `latest` and `page` raise `sqlite3.Error`."""

    def __init__(self, connection: sqlite3.Connection, selection: Selection) -> None:
        self._connection = connection
        self._measurement = selection.measurement
        there = columns(connection, selection.measurement)
        self._fields = [name for name in MEASUREMENTS[selection.measurement] if name in there]
        wanted = {name: getattr(selection, name) for name in ("measurement", "tenant", "asset_id", "device_id")}
        self._values: dict[str, Any] = {name: value for name, value in wanted.items() if value}
        self._series = " AND ".join(f"series.{name} = :{name}" for name in self._values)
        self._values["from"] = _bounded(selection.from_ms)
        self._values["to"] = _bounded(selection.to_ms)

    def latest(self) -> Iterator[Row]:
        """The series knows when its newest row is; only where that is too late its rows are looked through."""
        return self._rows(
            f"WITH chosen AS (SELECT id, latest_ms FROM series WHERE {self._series} AND latest_ms >= :from), "
            "moment AS (SELECT id, latest_ms AS time_ms FROM chosen WHERE latest_ms < :to UNION ALL "
            f'SELECT chosen.id, max(f.time_ms) FROM chosen JOIN "{self._measurement}" f ON f.series = chosen.id '
            "WHERE latest_ms >= :to AND f.time_ms >= :from AND f.time_ms < :to GROUP BY chosen.id) "
            f'{self._select} FROM moment JOIN series USING (id) JOIN "{self._measurement}" m '
            f"ON m.day = moment.time_ms / {DAY_MS} AND m.series = moment.id AND m.time_ms = moment.time_ms"
        )

    def page(self, after: tuple[int, str] | None, limit: int) -> list[Row]:
        """Up to `limit` rows behind this time and series key."""
        time_ms, key = after or (-1, "")
        self._values |= {"time": _bounded(time_ms), "key": key}
        self._values["from"] = max(self._values["from"], self._values["time"])
        if self._values.keys() & {"asset_id", "device_id"}:
            return self._page_of_few(limit)
        return list(self._ordered(f'"{self._measurement}_time"', self._series, limit))

    def _page_of_few(self, limit: int) -> list[Row]:
        """Few series: look at their days, some more each time, until there are enough rows."""
        found: list[Row] = []
        condition = (
            "m.day IN (SELECT value FROM json_each(:days)) "
            f"AND m.series IN (SELECT id FROM series WHERE {self._series})"
        )
        for days in self._days():
            self._values["days"] = json.dumps(days)
            found += self._ordered(f'"{self._measurement}_key"', condition, limit - len(found))
            if len(found) == limit:
                break
        return found

    def _days(self) -> Iterator[list[int]]:
        """The selection's days that hold rows of anybody, in order, in ever larger portions."""
        if not self._fields:
            return
        oldest, newest = (self._extreme(which) for which in ("min", "max"))
        if oldest is None or newest is None:
            return
        day = max(self._values["from"], oldest) // DAY_MS
        last = min(self._values["to"], newest) // DAY_MS
        portion = 1
        while day <= last:
            yield list(range(day, min(day + portion, last + 1)))
            day, portion = day + portion, portion * 2

    def _extreme(self, which: str) -> int | None:
        """From the end of an index; both in one statement would read all of it."""
        found = self._connection.execute(f'SELECT {which}(time_ms) FROM "{self._measurement}"').fetchone()[0]
        return None if found is None else int(found)

    def _ordered(self, index: str, condition: str, limit: int) -> Iterator[Row]:
        self._values["limit"] = limit
        return self._rows(
            f'{self._select} FROM "{self._measurement}" m INDEXED BY {index} JOIN series ON series.id = m.series '
            f"WHERE {condition} AND m.time_ms >= :from AND m.time_ms < :to AND (m.time_ms > :time OR {_KEY} > :key) "
            f"ORDER BY m.time_ms, {_KEY} LIMIT :limit"
        )

    @property
    def _select(self) -> str:
        return f"SELECT {_TAG_LIST}, m.time_ms" + "".join(f', m."{name}"' for name in self._fields)

    def _rows(self, statement: str) -> Iterator[Row]:
        if not self._fields:  # the file is younger than its tables
            return
        types = MEASUREMENTS[self._measurement]
        for row in self._connection.execute(statement, self._values):
            tags, time_ms, values = row[: len(TAGS)], row[len(TAGS)], row[len(TAGS) + 1 :]
            pairs = zip(self._fields, values, strict=True)
            fields = {name: types[name](value) for name, value in pairs if value is not None}
            yield Row(self._measurement, time_ms, dict(zip(TAGS, tags, strict=True)), fields)


def _bounded(time_ms: int) -> int:
    return min(max(time_ms, -1), _END_MS)
