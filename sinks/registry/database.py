"""Connections and transactions of the registry, the same for SQLite and PostgreSQL, and how their errors are told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, select, text

from sinks.errors import Invalid, Refused, Unavailable

from .tables import revision

WAIT_S: Final = 10
"""How long a writer stands in line before it gives up."""

_REFUSED_STATE: Final = "42"
"""SQLSTATE class that waiting does not mend: a table or a right is missing."""


class Database:
    """One engine. A transaction belongs to a thread: what it opens inside another transaction joins that one."""

    def __init__(self, url: str) -> None:
        self._url = parse_url(url)
        self._engine = open_engine(self._url)
        self._here = threading.local()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """All that is read inside is of one moment."""
        with self._joined(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All that is written inside happens together or not at all, and no other writer comes between."""
        with self._joined(writes=True) as connection:
            yield connection

    @contextmanager
    def _joined(self, *, writes: bool) -> Iterator[Connection]:
        outer: Connection | None = getattr(self._here, "connection", None)
        if outer is not None:
            yield outer
            return
        with reported(self._url), self._engine.connect() as connection, begun(connection, writes=writes):
            self._here.connection = connection
            try:
                yield connection
            finally:
                self._here.connection = None

    def close(self) -> None:
        """Give all connections back. Twice is once."""
        self._engine.dispose()


def parse_url(url: str) -> URL:
    """`sqlite:///path` or `postgresql://…`; the text of the error never holds the address: it may hold a password."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise Refused("the registry's address is not a database URL such as sqlite:///data/registry.db") from None
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise Refused(f"the registry is kept in sqlite:///<file> or postgresql://…, not in {parsed.get_backend_name()}")


def open_engine(url: URL) -> Engine:
    """An engine whose transactions are begun by us: `begun` says how. Raises `Refused` without its driver."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    try:
        return create_engine(url, connect_args={"connect_timeout": WAIT_S}, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError:
        raise Refused("PostgreSQL needs its driver: install the extra open-smartcity-sensors[postgres]") from None


def _sqlite(url: URL) -> Engine:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{path.parent}: {error.strerror}; choose another folder or mend its rights") from error
    engine = create_engine(url, connect_args={"timeout": WAIT_S}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the module would begin transactions by its own rules
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")


@contextmanager
def begun(connection: Connection, *, writes: bool) -> Iterator[None]:
    """A transaction on either engine. A writer is alone until its end; a reader sees one moment."""
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite and not writes:
        connection.execution_options(isolation_level="REPEATABLE READ")
    with connection.begin():
        if sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        elif writes:
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_S}s'"))
            connection.execute(select(revision.c.value).with_for_update())
        yield


@contextmanager
def reported(url: URL) -> Iterator[None]:
    """The engine's errors as ours, without its statements, and without the address."""
    try:
        yield
    except exc.IntegrityError as error:
        raise Invalid(f"the registry's rules forbid this: {_said(error)}") from error
    except exc.DBAPIError as error:
        raise _sorted(url, error) from error
    except exc.TimeoutError as error:
        raise Unavailable("all connections to the registry are in use; try again") from error


def _sorted(url: URL, error: exc.DBAPIError) -> Refused | Unavailable:
    state = getattr(error.orig, "sqlstate", None) or ""
    said = f"registry ({url.get_backend_name()}): {_said(error)}"
    if state.startswith(_REFUSED_STATE) or "no such table" in said or "no such column" in said:
        return Refused(f"{said}; check the settings, or migrate the registry")
    if "authentication failed" in said or "not a database" in said:
        return Refused(f"{said}; check the settings")
    return Unavailable(f"{said}; try again")


def _said(error: exc.DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
