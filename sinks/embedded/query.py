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

_END_MS: Final = 2**53  # far beyond every stored time, well within SQLite's integers


class Query:
    """One question to one open file. `latest` and `page` raise `sqlite3.Error`."""

    def __init__(self, connection: sqlite3.Connection, selection: Selection) -> None:
        self._connection = connection
        self._measurement = selection.measurement
        self._by_key, self._by_time = (
            f'"{selection.measurement}" m INDEXED BY "{selection.measurement}_{index}"' for index in ("key", "time")
        )
        known = columns(connection, "series")  # a file that no store has opened since knows fewer tags
        tags = [f"series.{name}" if name in known else "''" for name in TAGS]
        self._tags = ", ".join(tags)
        self._key = " || char(31) || ".join(tags)  # as `sinks.ports.series_key`
        there = columns(connection, selection.measurement)
        self._fields = [name for name in MEASUREMENTS[selection.measurement] if name in there]
        wanted = {name: getattr(selection, name) for name in ("measurement", "tenant", "asset_id", "device_id")}
        self._values: dict[str, Any] = {name: value for name, value in wanted.items() if value}
        self._series = " AND ".join(f"series.{name} = :{name}" for name in self._values)
        self._values["from"] = _bounded(selection.from_ms)
        self._values["to"] = _bounded(selection.to_ms)

    def latest(self) -> list[Row]:
        """The newest row of every series, in no order: the series knows its time."""
        if not self._fields:  # the file is there, its tables not yet
            return []
        found = list(
            self._rows(
                f"{self._select} FROM series CROSS JOIN latest ON latest.series = series.id CROSS JOIN {self._by_key} "
                f"ON m.day = latest.time_ms / {DAY_MS} AND m.series = series.id AND m.time_ms = latest.time_ms "
                f"WHERE {self._series} AND latest.time_ms >= :from AND latest.time_ms < :to"
            )
        )
        return found + self._latest_before_the_newest()

    def _latest_before_the_newest(self) -> list[Row]:
        """Of series whose newest row is too late for the selection: go back day by day until each has shown one."""
        late = (
            f"SELECT {self._tags}, id FROM series CROSS JOIN latest ON latest.series = series.id "
            f"WHERE {self._series} AND latest.time_ms >= :to"
        )
        missing = {row[:-1]: row[-1] for row in self._connection.execute(late, self._values)}
        found: list[Row] = []
        for day in reversed(self._days() if missing else range(0)):
            self._values |= {"day": day, "missing": json.dumps(list(missing.values()))}
            of_the_day = self._rows(
                f"{self._select.replace('m.time_ms', 'max(m.time_ms)')} "  # the row of the maximum, says SQLite
                f"FROM {self._by_key} JOIN series ON series.id = m.series "
                "WHERE m.day = :day AND m.series IN (SELECT value FROM json_each(:missing)) "
                "AND m.time_ms >= :from AND m.time_ms < :to GROUP BY m.series"
            )
            for row in of_the_day:
                found.append(row)
                del missing[tuple(row.tags.values())]
            if not missing:
                break
        return found

    def page(self, after: tuple[int, str] | None, limit: int) -> list[Row]:
        """Up to `limit` rows behind this time and series key."""
        if not self._fields:
            return []
        time_ms, key = after or (-1, "")
        self._values |= {"time": _bounded(time_ms), "key": key}
        self._values["from"] = max(self._values["from"], self._values["time"])
        if self._values.keys() & {"asset_id", "device_id"}:
            return self._page_of_few(limit)
        return list(self._ordered(self._by_time, self._series, limit))

    def _page_of_few(self, limit: int) -> list[Row]:
        """Few series: look at their days, some more each time, until there are enough rows."""
        found: list[Row] = []
        condition = (
            "m.day IN (SELECT value FROM json_each(:days)) "
            f"AND m.series IN (SELECT id FROM series WHERE {self._series})"
        )
        for days in _portions(self._days()):
            self._values["days"] = json.dumps(list(days))
            found += self._ordered(self._by_key, condition, limit - len(found))
            if len(found) == limit:
                break
        return found

    def _days(self) -> range:
        """The selection's days between the oldest and the newest row of anybody."""
        oldest, newest = (self._extreme(which) for which in ("min", "max"))
        if oldest is None or newest is None:
            return range(0)
        return range(max(self._values["from"], oldest) // DAY_MS, min(self._values["to"], newest) // DAY_MS + 1)

    def _extreme(self, which: str) -> int | None:
        """From the end of an index; both in one statement would read all of it."""
        found = self._connection.execute(f'SELECT {which}(time_ms) FROM "{self._measurement}"').fetchone()[0]
        return None if found is None else int(found)

    def _ordered(self, table: str, condition: str, limit: int) -> Iterator[Row]:
        self._values["limit"] = limit
        return self._rows(
            f"{self._select} FROM {table} JOIN series ON series.id = m.series "
            f"WHERE {condition} AND m.time_ms >= :from AND m.time_ms < :to "
            f"AND (m.time_ms > :time OR {self._key} > :key) "
            f"ORDER BY m.time_ms, {self._key} LIMIT :limit"
        )

    @property
    def _select(self) -> str:
        return f"SELECT {self._tags}, m.time_ms" + "".join(f', m."{name}"' for name in self._fields)

    def _rows(self, statement: str) -> Iterator[Row]:
        types = MEASUREMENTS[self._measurement]
        for row in self._connection.execute(statement, self._values):
            tags, time_ms, values = row[: len(TAGS)], row[len(TAGS)], row[len(TAGS) + 1 :]
            pairs = zip(self._fields, values, strict=True)
            fields = {name: types[name](value) for name, value in pairs if value is not None}
            yield Row(self._measurement, time_ms, dict(zip(TAGS, tags, strict=True)), fields)


def _portions(days: range) -> Iterator[range]:
    """One day, then two, four, ...: a small page looks at few days, a large one asks seldom."""
    size = 1
    while days:
        yield days[:size]
        days, size = days[size:], size * 2


def _bounded(time_ms: int) -> int:
    return min(max(time_ms, -1), _END_MS)
