"""The journal on this machine's disk: every message as it came but for secrets, in one SQLite file.

SQLite with a write-ahead log and `synchronous=FULL`: a batch costs one fsync, and what `append` has returned
survives a power cut. Several processes may append and read at once. Offsets come from AUTOINCREMENT, so they are
never reused, not even after everything was trimmed.

A trimmed entry's pages are used again by new ones; what is free beyond a tenth of the file is given back to the disk.
(Files from before this was so, without `auto_vacuum`, only use their pages again.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Final

from .model import Entry, Envelope
from .redact import without_secrets
from .sqlite import connect, insert, reported

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS entries (
    offset INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, network TEXT, topic TEXT,
    flags TEXT NOT NULL, arrived_ns INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (through INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS trims (id INTEGER PRIMARY KEY CHECK (id = 1), through INTEGER NOT NULL);
"""
_INSERT: Final = "INSERT INTO entries (source, network, topic, flags, arrived_ns, body) VALUES {}"
_COLUMNS: Final = "offset, source, network, topic, flags, arrived_ns, body"
_READ: Final = f"SELECT {_COLUMNS} FROM entries WHERE offset > ? ORDER BY offset LIMIT ?"  # noqa: S608 constants
_MARK: Final = """
INSERT INTO marks SELECT max(offset), max(?1, coalesce((SELECT max(at_ns) FROM marks), 0)) FROM entries
HAVING max(offset) > coalesce((SELECT max(through) FROM marks), 0)
AND ?1 >= coalesce((SELECT max(at_ns) FROM marks), 0) + ?2"""
_TRIMMED: Final = """
INSERT INTO trims VALUES (1, ?) ON CONFLICT DO UPDATE SET through = max(through, excluded.through)"""
_BOUNDS: Final = "SELECT (SELECT min(offset) FROM entries), (SELECT max(offset) FROM entries)"
"""Both in one select would read the whole table: SQLite looks at an end of it for one of them alone."""
_BETWEEN_MARKS_NS: Final = 600 * 1_000_000_000
_FREE_SHARE: Final = 10
_INCREMENTAL: Final = 2
_PAGE: Final = 8192
"""Bytes. A message of 2.3 KB fills a page of 4,096 alone: 17 µs and 4.4 KB each; of these pages 7 µs and 3.2 KB."""


class SqliteJournal:
    """`sinks.ports.Journal` in one file. Safe for threads: one connection writes, one reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = connect(path, f"page_size={_PAGE}", "auto_vacuum=INCREMENTAL")
        with reported(path):
            self._writer.executescript(_TABLES)
        self._reader = connect(path)
        self._writing, self._reading = Lock(), Lock()

    def append(self, envelopes: Sequence[Envelope]) -> int:
        kept = map(without_secrets, envelopes)
        rows = [(e.source, e.network, e.topic, " ".join(e.flags), e.arrived_ns, e.body) for e in kept]
        with self._writing, reported(self._path), self._writer:
            self._writer.execute("BEGIN IMMEDIATE")
            insert(self._writer, _INSERT, rows)
            return int(self._writer.execute("SELECT last_insert_rowid()").fetchone()[0])

    def read(self, after: int, limit: int) -> list[Entry]:
        with self._reading, reported(self._path):
            rows = self._reader.execute(_READ, (after, limit)).fetchall()
        return [_entry(row) for row in rows]

    def bounds(self) -> tuple[int, int]:
        with self._reading, reported(self._path):
            oldest, newest = self._reader.execute(_BOUNDS).fetchone()
            if newest is None:
                newest = _last_given(self._reader)
                return (newest + 1 if newest else 0), newest
        return oldest, newest

    def trim(self, through: int) -> int:
        with self._writing, reported(self._path), self._writer:
            self._writer.execute("BEGIN IMMEDIATE")
            last = self._writer.execute("SELECT max(offset) FROM entries WHERE offset <= ?", (through,)).fetchone()[0]
            if last is None:
                return 0
            self._writer.execute("DELETE FROM marks WHERE through < ?", (last,))
            self._writer.execute(_TRIMMED, (last,))
            return self._writer.execute("DELETE FROM entries WHERE offset <= ?", (last,)).rowcount

    def trimmed(self) -> int:
        with self._reading, reported(self._path):
            row = self._reader.execute("SELECT through FROM trims").fetchone()
        return int(row[0]) if row else 0

    def size(self) -> int:
        with self._reading, reported(self._path):
            return _pragma(self._reader, "page_size") * (
                _pragma(self._reader, "page_count") - _pragma(self._reader, "freelist_count")
            )

    def mark(self, now_ns: int) -> None:
        """Note that all entries there are were kept by now (Unix nanoseconds): a line at most every ten minutes."""
        with self._writing, reported(self._path):
            self._writer.execute(_MARK, (now_ns, _BETWEEN_MARKS_NS))

    def kept_before(self, moment_ns: int) -> int:
        """Offset up to which everything was kept before that moment, as far as there are marks; 0 for nothing.

        By marks and not by `arrived_ns`, which an imported file brings along and which is no measure of how long an
        entry has been here. A clock that was set back does not make marks older.
        """
        with self._reading, reported(self._path):
            return int(
                self._reader.execute(
                    "SELECT coalesce(max(through), 0) FROM marks WHERE at_ns <= ?", (moment_ns,)
                ).fetchone()[0]
            )

    def give_back(self, pages: int) -> bool:
        """Give up to so many free pages to the disk, by moving others into them; False when few enough are left."""
        with self._writing, reported(self._path):
            free, pages_in_all = (_pragma(self._writer, name) for name in ("freelist_count", "page_count"))
            if free * _FREE_SHARE <= pages_in_all or _pragma(self._writer, "auto_vacuum") != _INCREMENTAL:
                return False
            self._writer.executescript(f"PRAGMA incremental_vacuum({pages:d})")
            return True

    def close(self) -> None:
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()


def _entry(row: tuple[int, str, str | None, str | None, str, int, bytes]) -> Entry:
    offset, source, network, topic, flags, arrived_ns, body = row
    return Entry(offset, Envelope(source, network, topic, body, arrived_ns, tuple(flags.split()) if flags else ()))


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _last_given(connection: sqlite3.Connection) -> int:
    """The newest offset ever given, also when its entry was trimmed."""
    with closing(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'")) as cursor:
        row = cursor.fetchone()
    return int(row[0]) if row else 0
