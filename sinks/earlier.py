"""What earlier versions kept with its secrets: taken out of the files on this machine's disk, in place.

SQLite is told to overwrite what an update frees, and the write-ahead log is emptied behind it. What a trim freed before
is out of reach; new messages overwrite it. On Kafka records cannot be changed: messages go with
`journal.keep_days`, dead letters when they are replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from .errors import Unavailable
from .model import Envelope
from .redact import without_secrets
from .sqlite import connect, reported

_STEP: Final = 500
_TABLES: Final = {"journal.db": ("entries", "offset"), "ledger.db": ("dead_letters", "id")}
"""By file: the table that holds messages, and its key."""


def redact(folder: Path) -> Iterator[int]:
    """Take secrets out of journal and dead letters in this folder; gives, step by step, how many rows changed.

    Beside a running intake it holds up an append for the time of a step. Raises `Unavailable`, also when another
    process still reads what was there before: then only the end is missing, and a second run finds nothing to change.
    """
    for name, (table, key) in _TABLES.items():
        if (folder / name).exists():
            yield from _redact(folder / name, table, key)


def _redact(path: Path, table: str, key: str) -> Iterator[int]:
    read = f"SELECT {key}, topic, body FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT {_STEP}"  # noqa: S608 constants
    change = f"UPDATE {table} SET topic = ?, body = ? WHERE {key} = ?"  # noqa: S608 as above
    with closing(connect(path)) as db, reported(path):
        db.execute("PRAGMA secure_delete=ON")
        after = 0
        while rows := db.execute(read, (after,)).fetchall():
            after = rows[-1][0]
            kept = [without_secrets(Envelope("", None, topic, body, 0)) for _, topic, body in rows]
            changes = [
                (new.topic, new.body, number)
                for new, (number, topic, body) in zip(kept, rows, strict=True)
                if (new.topic, new.body) != (topic, body)
            ]
            with db:
                db.execute("BEGIN IMMEDIATE")
                db.executemany(change, changes)
            yield len(changes)
        if db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise Unavailable(f"{path}: another process reads what was there before; do this once more")
