"""The registry's schema, step by step, for databases that already hold data."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, exc, text

from sinks.errors import Refused
from sinks.registry.database import WAIT_S, open_engine, parse_url, reported

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
            _migrate(connection, parsed)
    finally:
        engine.dispose()


def _migrate(connection: Connection, url: URL) -> None:
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
    settings = Config(attributes={"connection": connection})
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return settings
