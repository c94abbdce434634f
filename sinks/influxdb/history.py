"""All that stands in an InfluxDB in order of time, whatever data model it was written by.

Every stored value comes out: a field that has two types in two shards is asked for in both, since a query without a
type gives one of them and hides the other.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sinks.influxdb.dialect import identifier
from sinks.influxdb.read import LAST_MS, TYPES
from sinks.influxdb.schema import MEASUREMENTS
from sinks.influxdb.session import Session
from sinks.model import Field
from sinks.ports import Row

PAGE: Final = 5000
"""Rows in one answer."""

_NUMBERS: Final = {"float", "integer"}
_KINDS: Final = {name: kind for kind, name in TYPES.items()}


@dataclass(frozen=True, slots=True)
class _Columns:
    """What is asked of one measurement; a field is there once for each of its types."""

    tags: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        fields = [f"{identifier(name)}::{kind}" for name, kind in self.fields]
        return ", ".join([*fields, *(f"{identifier(name)}::tag" for name in self.tags)])


class History:
    """The rows of one bucket. Raises as `Session.errors` does."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, _Columns] | None = None

    def measurements(self) -> list[str]:
        """Their names, sorted."""
        return sorted(self._columns())

    def rows(self, from_ms: int, to_ms: int) -> Iterator[Row]:
        """The rows of all measurements with from_ms <= time < to_ms, the earliest first."""
        streams = [self._stream(name, from_ms, to_ms) for name in self.measurements()]
        return heapq.merge(*streams, key=lambda row: row.time_ms)

    def between(self, measurement: str, from_ms: int, to_ms: int) -> list[Row]:
        """The rows of one measurement, all at once; none of one that is not there."""
        columns = self._columns().get(measurement)
        return [] if columns is None else self._select(measurement, columns, from_ms, to_ms)

    def _columns(self) -> dict[str, _Columns]:
        if self._known is None:
            tags = {name: [key for (key,) in keys] for name, keys in self._keys("SHOW TAG KEYS")}
            fields = dict(self._keys("SHOW FIELD KEYS"))
            self._known = {
                name: _Columns(tuple(tags.get(name, ())), tuple(_kinds(name, keys))) for name, keys in fields.items()
            }
        return self._known

    def _keys(self, question: str) -> Iterator[tuple[str, list[list[str]]]]:
        with self._session.errors():
            for series in self._session.ask(question, {}):
                yield series["name"], series["values"]

    def _stream(self, measurement: str, from_ms: int, to_ms: int) -> Iterator[Row]:
        """As the server cuts a page anywhere among rows of one time, the last time is asked for whole.

        A 3 gives so many values of each field, and so further rows that are not whole.
        """
        columns = self._columns()[measurement]
        while True:
            page = self._select(measurement, columns, from_ms, to_ms, f"LIMIT {PAGE}")
            if len(page) < PAGE:
                yield from page
                return
            last = sorted(row.time_ms for row in page)[PAGE - 1]
            yield from (row for row in page if row.time_ms < last)
            yield from self._select(measurement, columns, last, last + 1)
            from_ms = last + 1

    def _select(self, measurement: str, columns: _Columns, from_ms: int, to_ms: int, limit: str = "") -> list[Row]:
        bound = {"from": max(from_ms, -LAST_MS) * 1_000_000, "to": min(to_ms, LAST_MS) * 1_000_000}
        place = identifier(measurement)
        text = f"SELECT {columns} FROM {place} WHERE time >= $from AND time < $to ORDER BY time {limit}"  # noqa: S608
        with self._session.errors():
            found = self._session.ask(text, bound)
        return [_row(measurement, columns, values) for series in found for values in series["values"]]


def _kinds(measurement: str, keys: list[list[str]]) -> Iterator[tuple[str, str]]:
    """A whole number comes as the float that it should be; of anything else every type is asked for."""
    expected = MEASUREMENTS.get(measurement, {})
    stored: dict[str, set[str]] = {}
    for name, kind in keys:
        stored.setdefault(name, set()).add(kind)
    for name, kinds in stored.items():
        is_number = expected.get(name) is float and not kinds.isdisjoint(_NUMBERS)
        for kind in sorted(kinds - _NUMBERS | {"float"} if is_number else kinds):
            yield name, kind


def _row(measurement: str, columns: _Columns, values: list[Any]) -> Row:
    """By place, as the server renames what is asked twice."""
    time_ms, *cells = values
    given = zip(columns.fields, cells[: len(columns.fields)], strict=True)
    fields: dict[str, Field] = {name: _KINDS[kind](value) for (name, kind), value in given if value is not None}
    marked = zip(columns.tags, cells[len(columns.fields) :], strict=True)
    return Row(measurement, time_ms, {name: value for name, value in marked if value}, fields)
