"""Rows back out of the embedded store, also while another process writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sinks.embedded.query import Query
from sinks.guard import check_selection
from sinks.ports import Row, Selection, series_key
from sinks.sqlite import reported


class EmbeddedReader:
    """A `Reader`. Any number of threads may ask; they are served one after another.

    Before a store has made the file there is nothing to read, which is no error: the API may start first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    def latest(self, selection: Selection) -> list[Row]:
        check_selection(selection)
        if not self._path.exists():
            return []
        with self._snapshot() as connection:
            return sorted(Query(connection, selection).latest(), key=lambda row: series_key(row.tags))

    def rows(self, selection: Selection, after: tuple[int, str] | None = None, limit: int = 1000) -> list[Row]:
        check_selection(selection, limit)
        if not self._path.exists():
            return []
        with self._snapshot() as connection:
            return Query(connection, selection).page(after, limit)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """One state of the file for all statements of a question."""
        with self._lock, reported(self._path), self._open() as connection:
            connection.execute("BEGIN")
            yield connection

    def _open(self) -> sqlite3.Connection:
        """Not able to write."""
        if self._connection is None:
            address = f"{self._path.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        return self._connection
