"""What went missing on the way to us: gap records in the ledger's file, settled with the batch that they are from."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from .model import Gap, GapNotes
from .sqlite import connect, insert, reported

MOST: Final = 20_000
"""Gap records that are kept, the newest; what older ones missed stays in the sums."""
_BACKFILL_MINUTES: Final = 60 * 24 * 60

TABLES: Final = """
CREATE TABLE IF NOT EXISTS gaps (
    id INTEGER PRIMARY KEY,
    sink TEXT NOT NULL, source TEXT NOT NULL, device TEXT NOT NULL, why TEXT NOT NULL, from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL, first INTEGER NOT NULL, missing INTEGER NOT NULL, found INTEGER NOT NULL,
    state TEXT NOT NULL, UNIQUE (device, from_ms, first, why, source, sink));
CREATE TABLE IF NOT EXISTS gap_states (
    sink TEXT NOT NULL, number INTEGER NOT NULL, states BLOB NOT NULL, PRIMARY KEY (sink, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gap_sums (
    sink TEXT NOT NULL, what TEXT NOT NULL, frames INTEGER NOT NULL, PRIMARY KEY (sink, what)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS backfilled (
    sink TEXT NOT NULL, source TEXT NOT NULL, minute INTEGER NOT NULL, frames INTEGER NOT NULL,
    PRIMARY KEY (sink, source, minute)) WITHOUT ROWID;
"""
_FIELDS: Final = "source, device, why, from_ms, to_ms, missing, found, state, first"
_TAKE: Final = (
    f"INSERT INTO gaps (sink, {_FIELDS}) VALUES {{}} ON CONFLICT DO UPDATE SET"  # noqa: S608 constants
    " to_ms = excluded.to_ms, found = excluded.found, state = excluded.state"
)
_BACKFILL: Final = "INSERT INTO backfilled VALUES {} ON CONFLICT DO UPDATE SET frames = frames + excluded.frames"
_SUM: Final = "INSERT INTO gap_sums VALUES {} ON CONFLICT DO UPDATE SET frames = frames + excluded.frames"
_LIST: Final = """
WITH listed AS (
    SELECT id, source, device, why, from_ms, to_ms, missing, state, first, found + coalesce((
        SELECT sum(frames) FROM backfilled AS b WHERE g.device = '' AND b.sink = ?1 AND b.source = g.source
        AND b.minute BETWEEN g.from_ms / 60000 AND g.to_ms / 60000), 0) AS found
    FROM gaps AS g WHERE g.sink IN (?1, '')
), judged AS (
    SELECT id, source, device, why, from_ms, to_ms, missing, found,
        CASE WHEN device = '' AND found > 0 THEN 'filled' ELSE state END AS state, first FROM listed
)"""
_FIND: Final = (
    f"{_LIST} SELECT {_FIELDS} FROM judged WHERE (?2 = '' OR device = ?2) AND to_ms >= ?3"  # noqa: S608 constants
    " ORDER BY from_ms DESC, id DESC LIMIT ?4"
)
_OPEN: Final = f"{_LIST} SELECT count(*) FROM judged WHERE state = 'open'"  # noqa: S608 constants


class SqliteGaps:
    """`sinks.ports.Gaps` in the ledger's file. Safe for threads and for several processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path)
        self._lock = Lock()
        with reported(path):
            self._db.executescript(TABLES)

    def find(self, sink: str, *, device: str = "", since_ms: int = 0, limit: int = 100) -> list[Gap]:
        with self._lock, reported(self._path):
            return [Gap(*row) for row in self._db.execute(_FIND, (sink, device, since_ms, limit))]

    def open(self, sink: str) -> int:
        with self._lock, reported(self._path):
            return int(self._db.execute(_OPEN, (sink,)).fetchone()[0])

    def sums(self, sink: str) -> dict[str, int]:
        sql = "SELECT what, frames FROM gap_sums WHERE sink = ?"
        with self._lock, reported(self._path):
            return {"missing": 0, "found": 0} | dict(self._db.execute(sql, (sink,)).fetchall())

    def states(self, sink: str) -> list[tuple[int, bytes]]:
        """Number and content of the pieces of state that were settled, in order."""
        sql = "SELECT number, states FROM gap_states WHERE sink = ? ORDER BY number"
        with self._lock, reported(self._path):
            return self._db.execute(sql, (sink,)).fetchall()

    def record(self, gaps: Sequence[Gap]) -> None:
        with self._lock, reported(self._path), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            _record(self._db, "", gaps)

    def close(self) -> None:
        with self._lock:
            self._db.close()


def take(db: sqlite3.Connection, sink: str, notes: GapNotes) -> None:
    """Take the notes of a batch down, within the transaction that settles it."""
    _record(db, sink, notes.gaps)
    insert(db, _SUM, [(sink, what, frames) for what, frames in notes.counts.items() if frames])
    if notes.backfilled:
        insert(db, _BACKFILL, [(sink, source, minute, n) for (source, minute), n in notes.backfilled.items()])
        newest = max(minute for _, minute in notes.backfilled)
        db.execute("DELETE FROM backfilled WHERE sink = ? AND minute < ?", (sink, newest - _BACKFILL_MINUTES))
    if notes.states:
        db.execute("INSERT OR REPLACE INTO gap_states VALUES (?, ?, ?)", (sink, notes.number, notes.states))
        db.execute("DELETE FROM gap_states WHERE sink = ? AND number < ?", (sink, notes.keep_from))


def forget(db: sqlite3.Connection, sink: str) -> None:
    """Everything of a sink that retires, within a transaction."""
    for table in ("gaps", "gap_states", "gap_sums", "backfilled"):
        db.execute(f"DELETE FROM {table} WHERE sink = ?", (sink,))  # noqa: S608 constants


def _record(db: sqlite3.Connection, sink: str, gaps: Sequence[Gap]) -> None:
    if gaps:
        fields = [(g.source, g.device, g.why, g.from_ms, g.to_ms, g.missing, g.found, g.state, g.first) for g in gaps]
        insert(db, _TAKE, [(sink, *row) for row in fields])
        db.execute("DELETE FROM gaps WHERE id <= (SELECT max(id) FROM gaps) - ?", (MOST,))
