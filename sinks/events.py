"""What happened at the sources, in one small SQLite file: a record for each source and kind of event."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from .ports import SourceEvent
from .sqlite import connect, reported

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS events (
    source TEXT NOT NULL, code TEXT NOT NULL, count INTEGER NOT NULL, first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL, alarm_until_ms INTEGER NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (source, code)) WITHOUT ROWID
"""
_ADD: Final = (
    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count,"
    " last_ms = excluded.last_ms, alarm_until_ms = excluded.alarm_until_ms, detail = excluded.detail"
)
_SET_ALARM: Final = "UPDATE events SET alarm_until_ms = ? WHERE source = ? AND code = ?"


class SqliteEvents:
    """`sinks.ports.Events` in one file. Safe for threads and for several processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path)
        self._lock = Lock()
        with reported(path):
            self._db.execute("PRAGMA synchronous=NORMAL")  # a second lost in a power cut is no loss here
            self._db.execute(_TABLE)

    def record(self, events: Sequence[SourceEvent]) -> None:
        rows = [
            (e.source, e.code, e.count, e.first_ms, e.last_ms, e.alarm_until_ms, e.detail) for e in events if e.count
        ]
        alarms = [(e.alarm_until_ms, e.source, e.code) for e in events if not e.count]
        with self._lock, reported(self._path), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(_ADD, rows)
            self._db.executemany(_SET_ALARM, alarms)

    def all(self) -> list[SourceEvent]:
        with self._lock, reported(self._path):
            return [SourceEvent(*row) for row in self._db.execute("SELECT * FROM events ORDER BY source, code")]

    def close(self) -> None:
        with self._lock:
            self._db.close()
