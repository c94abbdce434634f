"""The books on this machine's disk: cursors, dedup keys, counts and dead letters, in one SQLite file.

A batch is settled in one transaction after its sink has taken it. A crash before that repeats the batch; since
points are deterministic and dead letters are keyed by their place in the journal, repeating changes nothing. Therefore
settling need not wait for the disk: a power cut may take back the newest settlements, but never their order, and the
batches are delivered again. (Nothing else here may be taken back so lightly; the journal and the stores wait.)

Keys of the first kind, the network server's ids, come again with the same time: they are looked for where their time
says, so rows are only ever added at the table's end. (As a random primary key they touched a page each: 19 µs a message
at first, 118 µs after 100,000 messages.) Keys of the second kind come again at another time, but only as the newest of
their slot, the device: those are kept in memory, one a slot, written down as one piece a batch, and read back at the
start. (As rows they cost 2 µs a message to write and as much to forget.)
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final

from msgspec import msgpack

from . import gaps
from .model import DeadLetter, Envelope
from .ports import SLOT, Settlement
from .sqlite import connect, insert, placeholders, reported

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS cursors (sink TEXT PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (
    sink TEXT NOT NULL, of TEXT NOT NULL, outcome TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (sink, of, outcome)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    until_ms INTEGER NOT NULL, key TEXT NOT NULL, sink TEXT NOT NULL,
    PRIMARY KEY (until_ms, key, sink)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS newest_of_batch (
    id INTEGER PRIMARY KEY, sink TEXT NOT NULL, until_ms INTEGER NOT NULL, keys BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS newest_until ON newest_of_batch (until_ms);
CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sink TEXT NOT NULL, offset INTEGER NOT NULL, part INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    device TEXT, source TEXT NOT NULL, network TEXT, topic TEXT, flags TEXT NOT NULL, arrived_ns INTEGER NOT NULL,
    body BLOB NOT NULL, created_ms INTEGER NOT NULL, replayed_ms INTEGER,
    UNIQUE (sink, offset, part, reason, detail));
CREATE INDEX IF NOT EXISTS open_letters ON dead_letters (reason, id) WHERE replayed_ms IS NULL;
"""
_REMEMBER: Final = "INSERT OR IGNORE INTO seen VALUES {}"
_REMEMBER_NEWEST: Final = "INSERT INTO newest_of_batch (sink, until_ms, keys) VALUES (?, ?, ?)"
_FORGET: Final = (
    "DELETE FROM seen WHERE (until_ms, key, sink) IN (SELECT until_ms, key, sink FROM seen WHERE until_ms < ? LIMIT ?)"
)
_FORGET_NEWEST: Final = (
    "DELETE FROM newest_of_batch WHERE until_ms < ? AND id IN (SELECT id FROM newest_of_batch ORDER BY id LIMIT ?)"
)
_COUNT: Final = "INSERT INTO counts VALUES {} ON CONFLICT DO UPDATE SET n = n + excluded.n"
_LETTER: Final = (
    "INSERT INTO dead_letters (sink, offset, part, reason, detail, device, source, network, topic, flags, arrived_ns,"
    " body, created_ms) VALUES {} ON CONFLICT DO NOTHING"
)
_LETTER_COLUMNS: Final = (
    "id, sink, offset, part, reason, detail, device, source, network, topic, flags, arrived_ns, body, created_ms,"
    " replayed_ms"
)
_SEEN: Final = (
    "WITH asked (until_ms, key, sink) AS (VALUES {})"
    " SELECT key, until_ms FROM asked CROSS JOIN seen USING (until_ms, key, sink)"
)
"""CROSS JOIN keeps the order: each key asked for is looked up in the table's own order, never the other way round."""
_FORGET_AT_ONCE: Final = 2_000
_FORGET_BATCHES: Final = 8
_READ_BACK: Final = 200_000
"""Newest keys of slots that are read back at a start: more than a city has devices."""
_KEYS: Final = msgpack.Decoder(list[tuple[str, int]])

Slots = dict[str, tuple[str, int]]
"""Slot to its newest key and the time until which that counts."""


class SqliteLedger:
    """`sinks.ports.Ledger` in one file. Safe for threads and for several processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path)
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._lock = Lock()
        self._slots: dict[str, Slots] = {}
        self._latest: dict[str, int] = {}
        with reported(path):
            self._db.executescript(_TABLES + gaps.TABLES)

    def cursor(self, sink: str) -> int:
        rows = self._query("SELECT offset FROM cursors WHERE sink = ?", (sink,))
        return int(rows[0][0]) if rows else 0

    def cursors(self) -> dict[str, int]:
        return dict(self._query("SELECT sink, offset FROM cursors ORDER BY sink"))

    def seen(self, sink: str, keys: Mapping[str, int]) -> dict[str, int]:
        slots, latest = self._slots_of(sink), self._latest[sink]
        found, asked = {}, []
        for key, until in keys.items():
            slot, is_newest, _ = key.partition(SLOT)
            if is_newest:
                known, counts_until = slots.get(slot, ("", 0))
                if known == key:
                    found[key] = counts_until
            elif until <= latest:
                asked.append((until, key, sink))
        for marks, values in placeholders(asked):
            found.update(self._query(_SEEN.format(marks), values))
        return found

    def _slots_of(self, sink: str) -> Slots:
        """The newest key of every slot, from memory; at first from the file."""
        slots = self._slots.get(sink)
        if slots is None:
            slots = self._read_back(sink)
            self._slots[sink] = slots
            newest = self._query("SELECT until_ms FROM seen WHERE sink = ? ORDER BY until_ms DESC LIMIT 1", (sink,))
            self._latest[sink] = newest[0][0] if newest else 0
        return slots

    def _read_back(self, sink: str) -> Slots:
        """From the newest batch back, until there is more than a city has devices."""
        slots: Slots = {}
        keys, last = 0, sys.maxsize
        sql = "SELECT id, keys FROM newest_of_batch WHERE sink = ? AND id < ? ORDER BY id DESC LIMIT 100"
        while keys < _READ_BACK and (rows := self._query(sql, (sink, last))):
            last = rows[-1][0]
            for _, piece in rows:
                for key, until in reversed(_KEYS.decode(piece)):
                    slots.setdefault(key.partition(SLOT)[0], (key, until))
                    keys += 1
        return slots

    def settle(self, settlement: Settlement) -> None:
        sink, slots = settlement.sink, self._slots_of(settlement.sink)
        rows: list[tuple[int, str, str]] = []
        newest: list[tuple[str, int]] = []
        fresh: Slots = {}
        for key, until in settlement.seen.items():
            slot, is_newest, _ = key.partition(SLOT)
            if is_newest:
                newest.append((key, until))
                fresh[slot] = (key, until)
            else:
                rows.append((until, key, sink))
        with self._lock, reported(self._path), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET offset = excluded.offset",
                (sink, settlement.through),
            )
            insert(self._db, _REMEMBER, rows)
            if newest:
                until = max(until for _, until in newest)
                self._db.execute(_REMEMBER_NEWEST, (sink, until, msgpack.encode(newest)))
            insert(self._db, _COUNT, _count_rows(settlement))
            insert(self._db, _LETTER, [_letter_row(letter) for letter in settlement.dead_letters])
            gaps.take(self._db, sink, settlement.gaps)
            self._forget(settlement.forget_before_ms)
        slots |= fresh
        if rows:
            self._latest[sink] = max(self._latest[sink], max(rows)[0])

    def _forget(self, before_ms: int) -> None:
        """A few expired keys with each batch, so that forgetting never holds up the living."""
        self._db.execute(_FORGET, (before_ms, _FORGET_AT_ONCE))
        self._db.execute(_FORGET_NEWEST, (before_ms, _FORGET_BATCHES))

    def retire(self, sink: str) -> None:
        """Forget a sink that is used no more: cursor and counts at once, then its keys, in small steps.

        Its dead letters stay: their messages are still to be had. A process that works for it must have ended.
        """
        with self._lock, reported(self._path), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM cursors WHERE sink = ?", (sink,))
            self._db.execute("DELETE FROM counts WHERE sink = ?", (sink,))
            self._db.execute("DELETE FROM newest_of_batch WHERE sink = ?", (sink,))
            gaps.forget(self._db, sink)
        until, key = -1, ""
        sql = "SELECT until_ms, key FROM seen WHERE (until_ms, key) > (?, ?) ORDER BY until_ms, key LIMIT ?"
        while rows := self._query(sql, (until, key, _FORGET_AT_ONCE)):
            self._query(
                "DELETE FROM seen WHERE (until_ms, key) > (?, ?) AND (until_ms, key) <= (?, ?) AND sink = ?",
                (until, key, *rows[-1], sink),
            )
            until, key = rows[-1]
        self._slots.pop(sink, None)

    def make_durable(self) -> None:
        self._query("PRAGMA wal_checkpoint(PASSIVE)")  # the log is on disk before it is copied

    def counts(self, sink: str) -> dict[str, int]:
        return self._counts(sink, "messages")

    def frames(self, sink: str) -> dict[str, int]:
        return self._counts(sink, "frames")

    def _counts(self, sink: str, of: str) -> dict[str, int]:
        sql = "SELECT outcome, n FROM counts WHERE sink = ? AND of = ? ORDER BY outcome"
        return dict(self._query(sql, (sink, of)))

    def dead_letters(self, *, reason: str = "", device: str = "", after: int = 0, limit: int = 100) -> list[DeadLetter]:
        rows = self._query(
            f"SELECT {_LETTER_COLUMNS} FROM dead_letters WHERE replayed_ms IS NULL AND id > ?"  # noqa: S608 constants
            " AND substr(reason, 1, length(?)) = ? AND (? = '' OR device = ?) ORDER BY id LIMIT ?",
            (after, reason, reason, device, device, limit),
        )
        return [_letter(row) for row in rows]

    def dead_letter(self, letter_id: int) -> DeadLetter | None:
        rows = self._query(f"SELECT {_LETTER_COLUMNS} FROM dead_letters WHERE id = ?", (letter_id,))  # noqa: S608
        return _letter(rows[0]) if rows else None

    def dead_letter_counts(self) -> dict[str, int]:
        return dict(
            self._query(
                "SELECT reason, count(*) FROM dead_letters WHERE replayed_ms IS NULL GROUP BY reason ORDER BY reason"
            )
        )

    def mark_replayed(self, letter_ids: Sequence[int], now_ms: int) -> None:
        with self._lock, reported(self._path), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "UPDATE dead_letters SET replayed_ms = ? WHERE id = ?",
                [(now_ms, letter_id) for letter_id in letter_ids],
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _query(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, reported(self._path):
            return self._db.execute(sql, values).fetchall()


def _count_rows(settlement: Settlement) -> list[tuple[str, str, str, int]]:
    messages = [(settlement.sink, "messages", outcome, n) for outcome, n in settlement.counts.items()]
    return messages + [(settlement.sink, "frames", label, n) for label, n in settlement.frames.items()]


def _letter_row(letter: DeadLetter) -> tuple[Any, ...]:
    e = letter.envelope
    return (
        letter.sink, letter.offset, letter.part, letter.reason, letter.detail, letter.device, e.source, e.network,
        e.topic, " ".join(e.flags), e.arrived_ns, e.body, letter.created_ms or 0,
    )  # fmt: skip


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    (
        number,
        sink,
        offset,
        part,
        reason,
        detail,
        device,
        source,
        network,
        topic,
        flags,
        arrived_ns,
        body,
        created,
        done,
    ) = row
    envelope = Envelope(source, network, topic, body, arrived_ns, tuple(flags.split()))
    return DeadLetter(sink, offset, part, reason, detail, envelope, device, number, created, done)
