"""How every SQLite file of ours is opened, and how its errors are told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

from .errors import Refused, Unavailable

_ROWS_AT_ONCE: Final = (500, 100, 20, 4, 1)
"""Few sizes, so that the connection keeps every statement prepared: preparing costs as much as inserting."""
_CACHE_KIB: Final = 512
"""Of pages, for each connection; SQLite would keep 2 MB. What is needed again soon is the newest, and small."""


def connect(path: Path, *pragmas: str) -> sqlite3.Connection:
    """A connection that is durable at each commit and waits for other writers instead of failing.

    Transactions are begun by hand (`isolation_level=None`); `with connection:` commits or rolls back. `pragmas`: what
    has to be said of a new file before anything else.
    """
    with reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        if pragmas and not connection.execute("PRAGMA page_count").fetchone()[0]:
            for pragma in pragmas:  # of an old file some of them write, which fails when the disk is full
                connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return connection


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """SQLite's and the disk's errors as ours, naming the file and what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{path}: {error}; check free space, rights and other processes on this file") from error
    except sqlite3.DatabaseError as error:
        raise Refused(f"{path}: {error}; the file is damaged or none of ours: move it away") from error
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}; choose another folder or mend its rights") from error


def insert(db: sqlite3.Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Rows of one width, in order, by a statement that has `VALUES {}`; to be called within a transaction.

    `executemany` gives up the interpreter lock for every row, and beside a thread that computes each time costs up to
    its switch interval: 500 rows took 4 to 40 times as long as in one statement (measured).
    """
    for marks, values in placeholders(rows):
        db.execute(sql.format(marks), values)


def placeholders(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Rows as what stands behind `VALUES`, up to 500 of them in one piece, and the values for it."""
    done = 0
    for size in _ROWS_AT_ONCE:
        while len(rows) - done >= size:
            part = rows[done : done + size]
            done += size
            yield _marks(size, len(part[0])), list(chain.from_iterable(part))


@cache
def _marks(rows: int, width: int) -> str:
    row = "(" + ", ".join("?" * width) + ")"
    return ", ".join([row] * rows)
