"""The registry's schema, step by step, for databases that already hold data."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import URL, Connection, exc, inspect, text

from sinks.errors import Refused
from sinks.registry.database import WAIT_S, open_engine, parse_url, reported
from sinks.registry.steps import newest

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK: Final = 0x5343_5245_4749  # "SCREGI": the advisory lock that migrating processes share


def upgrade(url: str) -> None:
    """Bring the database at this URL to the newest schema; nothing to do is nothing done.

    Processes that start at the same time wait for each other. Raises `Unavailable` when the database is not there
    or stays locked, `Refused` when it is newer than this program.
    """
    parsed = parse_url(url)
    engine = open_engine(parsed)
    try:
        with reported(parsed), engine.connect() as connection:
            if parsed.get_backend_name() == "sqlite":
                _write_ahead(connection)
            if not _is_newest(connection):
                _migrate(connection, parsed)
    finally:
        engine.dispose()


def _is_newest(connection: Connection) -> bool:
    """Seen without Alembic, which every process would carry in memory (11 MB) for what nearly never has to be done."""
    with connection.begin():
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [newest()]


def _migrate(connection: Connection, url: URL) -> None:
    from alembic import command  # noqa: PLC0415 see `_is_newest`
    from alembic.util import CommandError  # noqa: PLC0415

    with connection.begin():
        if url.get_backend_name() == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        try:
            command.upgrade(config(connection), "head")
        except CommandError as error:
            raise Refused(f"the registry cannot be migrated: {error}; is it newer than this program?") from error


def _write_ahead(connection: Connection) -> None:
    """Readers go on while somebody writes. SQLite answers "locked" here at once, however long it may wait."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
        finally:
            connection.rollback()


def config(connection: Connection) -> Config:
    """Alembic's settings for these steps, working on this connection."""
    from alembic.config import Config  # noqa: PLC0415 see `_is_newest`

    settings = Config(attributes={"connection": connection})
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return settings
