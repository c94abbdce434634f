"""The journal on this machine's disk: every message as it came, in one SQLite file.

SQLite with a write-ahead log and `synchronous=FULL`: a batch costs one fsync, and what `append` has returned
survives a power cut. Several processes may append and read at once. Offsets come from AUTOINCREMENT, so they are
never reused, not even after everything was trimmed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Final

from .model import Entry, Envelope
from .sqlite import connect, insert, reported

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS entries (
    offset INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, network TEXT, topic TEXT,
    flags TEXT NOT NULL, arrived_ns INTEGER NOT NULL, body BLOB NOT NULL
)"""
_INSERT: Final = "INSERT INTO entries (source, network, topic, flags, arrived_ns, body) VALUES {}"
_COLUMNS: Final = "offset, source, network, topic, flags, arrived_ns, body"
_READ: Final = f"SELECT {_COLUMNS} FROM entries WHERE offset > ? ORDER BY offset LIMIT ?"  # noqa: S608 constants


class SqliteJournal:
    """`sinks.ports.Journal` in one file. Safe for threads: one connection writes, one reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = connect(path)
        with reported(path), self._writer:
            self._writer.execute(_TABLE)
        self._reader = connect(path)
        self._writing, self._reading = Lock(), Lock()

    def append(self, envelopes: Sequence[Envelope]) -> int:
        rows = [(e.source, e.network, e.topic, " ".join(e.flags), e.arrived_ns, e.body) for e in envelopes]
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
            oldest, newest = self._reader.execute("SELECT min(offset), max(offset) FROM entries").fetchone()
            if newest is None:
                newest = _last_given(self._reader)
                return (newest + 1 if newest else 0), newest
        return oldest, newest

    def trim(self, through: int) -> int:
        with self._writing, reported(self._path), self._writer:
            return self._writer.execute("DELETE FROM entries WHERE offset <= ?", (through,)).rowcount

    def close(self) -> None:
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()


def _entry(row: tuple[int, str, str | None, str | None, str, int, bytes]) -> Entry:
    offset, source, network, topic, flags, arrived_ns, body = row
    return Entry(offset, Envelope(source, network, topic, body, arrived_ns, tuple(flags.split())))


def _last_given(connection: sqlite3.Connection) -> int:
    """The newest offset ever given, also when its entry was trimmed."""
    with closing(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'")) as cursor:
        row = cursor.fetchone()
    return int(row[0]) if row else 0
