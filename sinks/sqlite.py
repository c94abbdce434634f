"""How every SQLite file of ours is opened, and how its errors are told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import Refused, Unavailable


def connect(path: Path) -> sqlite3.Connection:
    """A connection that is durable at each commit and waits for other writers instead of failing.

    Transactions are begun by hand (`isolation_level=None`); `with connection:` commits or rolls back.
    """
    with reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
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
