"""One registry per test on each engine; the PostgreSQL server is started once, and only when a test asks for it.

A new database costs PostgreSQL half a second, so most tests share one that is emptied before each of them.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from sinks.registry.migrations import upgrade
from sinks.registry.store import SqlRegistry
from sinks.registry.tables import metadata, revision
from tests.servers import postgresql


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Of the server, whose first database is migrated."""
    with postgresql.running() as url:
        upgrade(url)
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("registry") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server("postgresql"))])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of its own without any tables."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server, name = request.getfixturevalue("postgresql_url"), f"test_{secrets.token_hex(6)}"
    _run(server, f"CREATE DATABASE {name}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database with nothing in it."""
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "registry.db")
        return f"sqlite:///{tmp_path / 'registry.db'}"
    server = str(request.getfixturevalue("postgresql_url"))
    _run(server, f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables if table is not revision)}")
    _run(server, "UPDATE revision SET value = 0")
    return server


@pytest.fixture
def registry(url: str) -> Iterator[SqlRegistry]:
    opened = SqlRegistry(url)
    yield opened
    opened.close()


def _run(url: str, statement: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
