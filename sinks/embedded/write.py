"""Points into one SQLite file: the store that needs no server."""

# ruff: noqa: S608  # names come from the schema, every value is bound

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final

from sinks.embedded.layout import DAY_MS, LATEST, create, upsert
from sinks.errors import SinkError
from sinks.guard import DEFAULTS, Limits, admit, now_ms
from sinks.influxdb.schema import MEASUREMENTS, TAGS
from sinks.model import Point, Series
from sinks.ports import Written
from sinks.sqlite import connect, insert, reported

_KNOWN: Final = f"SELECT id FROM series WHERE measurement = ? AND {' AND '.join(f'{name} = ?' for name in TAGS)}"
_NEW: Final = f"INSERT INTO series (measurement, {', '.join(TAGS)}) VALUES (?{', ?' * len(TAGS)})"
_CACHE_KIB: Final = 1024
"""Half of what a batch changes; more is no faster (measured), since the system's own cache has the file at hand."""
_LOG_PAGES: Final = 4_000
"""Of the write-ahead log, 16 MB: a page that many batches change is copied into the file once for all of them."""


class EmbeddedStore:
    """A `Store`. Opened by the first call that needs it. Writers of several processes wait for each other."""

    name = "embedded"
    apart_s = 0.004  # a commit, and one in the books

    def __init__(self, path: Path, clock: Callable[[], int] = now_ms, limits: Limits = DEFAULTS) -> None:
        self._path = path
        self._clock = clock
        self._limits = limits
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._ids: dict[Series, int] = {}

    def write(self, points: Sequence[Point]) -> Written:
        admitted, rejected = admit(points, self._clock(), self._limits)
        if admitted:
            with self._lock, reported(self._path):
                self._insert(admitted)
        return Written(len(admitted), tuple(rejected))

    def trim(self, before_ms: int) -> int:
        """Forget all rows older than this time (Unix milliseconds); gives the number of rows forgotten."""
        forgotten = 0
        with self._lock, reported(self._path), self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for measurement in MEASUREMENTS:
                trim = f'DELETE FROM "{measurement}" WHERE time_ms < ?'
                forgotten += connection.execute(trim, (before_ms,)).rowcount
            old = "SELECT series FROM latest WHERE time_ms < ?"
            connection.execute(f"DELETE FROM series WHERE id IN ({old})", (before_ms,))
            connection.execute("DELETE FROM latest WHERE time_ms < ?", (before_ms,))
            self._ids.clear()
        return forgotten

    def check(self) -> list[str]:
        try:
            with self._lock, reported(self._path):
                self._open().execute("BEGIN IMMEDIATE")
                self._open().execute("ROLLBACK")
        except SinkError as error:
            return [str(error)]
        return []

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._ids.clear()
            self._connection = connect(self._path)
            self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                create(self._connection)
        return self._connection

    def _insert(self, points: Iterable[Point]) -> None:
        connection = self._open()
        try:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                latest = self._insert_rows(connection, points)
                insert(connection, LATEST, list(latest.items()))
        except sqlite3.Error:
            self._ids.clear()  # ids given in this transaction are gone with it
            raise

    def _insert_rows(self, connection: sqlite3.Connection, points: Iterable[Point]) -> dict[int, int]:
        """Gives series id to the newest time among these points."""
        latest: dict[int, int] = {}
        rows: defaultdict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = defaultdict(list)
        for point in points:
            time_ms, fields = point.time_ms, point.fields
            series = self._ids.get(point.series) or self._id(connection, point.series)
            if latest.get(series, -1) < time_ms:
                latest[series] = time_ms
            row = (time_ms // DAY_MS, series, time_ms, *fields.values())
            rows[point.series.measurement, tuple(fields)].append(row)
        for layout, batch in rows.items():
            insert(connection, upsert(*layout), batch)
        return latest

    def _id(self, connection: sqlite3.Connection, series: Series) -> int:
        """Of a series that is not known yet: from the file, or a new one."""
        names = (series.measurement, *(getattr(series, name) for name in TAGS))
        row = connection.execute(_KNOWN, names).fetchone()
        self._ids[series] = int(row[0] if row else connection.execute(_NEW, names).lastrowid or 0)
        return self._ids[series]
