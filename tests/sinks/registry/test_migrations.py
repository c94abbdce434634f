"""The steps lead to the tables of the code, on either engine, however many processes start at once."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from sinks.errors import Refused
from sinks.registry import migrations
from sinks.registry.database import open_engine, parse_url
from sinks.registry.migrations import upgrade
from sinks.registry.steps import newest
from sinks.registry.store import open_registry
from sinks.registry.tables import metadata, revision


def opened(url: str) -> Engine:
    return open_engine(parse_url(url))


def constraints(connection: Connection) -> dict[str, Any]:
    """What the comparison of Alembic does not look at."""
    inspector = inspect(connection)
    names = [name for name in sorted(inspector.get_table_names()) if name != "alembic_version"]
    return {
        name: (
            inspector.get_pk_constraint(name),
            sorted((check["name"], check["sqltext"]) for check in inspector.get_check_constraints(name)),
        )
        for name in names
    }


def test_a_migrated_database_has_the_tables_of_the_code(empty_url: str) -> None:
    upgrade(empty_url)
    engine = opened(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_a_migrated_database_has_the_rules_of_the_code(empty_url: str) -> None:
    upgrade(empty_url)
    engine = opened(empty_url)
    with engine.begin() as connection:
        migrated = constraints(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        made = constraints(connection)
    engine.dispose()
    assert migrated == made


def test_migrating_again_keeps_what_is_there(empty_url: str) -> None:
    registry = open_registry(empty_url)
    registry.create_key("first", "admin", None, 0)
    registry.close()
    again = open_registry(empty_url)
    kept = (again.revision(), [key.name for key in again.issued_keys()])
    again.close()
    assert kept == (1, ["first"])


def test_processes_that_start_at_once_all_find_the_registry(empty_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    starts = [spawn.Process(target=upgrade, args=(empty_url,)) for _ in range(3)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
    assert [start.exitcode for start in starts] == [0] * 3
    engine = opened(empty_url)
    with engine.connect() as connection:
        assert connection.execute(revision.select()).all() == [(1, 0)]
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(empty_url: str) -> None:
    upgrade(empty_url)
    engine = opened(empty_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(Refused, match="newer than this program"):
        upgrade(empty_url)


def test_the_newest_step_is_known_by_the_name_of_its_file() -> None:
    steps = sorted((Path(migrations.__file__).parent / "versions").glob("r*.py"))
    revisions = [import_module(f"sinks.registry.migrations.versions.{step.stem}").revision for step in steps]
    assert [step.name[1:5] for step in steps] == revisions == sorted(revisions)
    assert newest() == revisions[-1]


def test_a_registry_that_is_up_to_date_is_opened_without_loading_what_migrates(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    open_registry(url).close()
    program = (
        f"import sys; from sinks.registry.store import open_registry; open_registry({url!r});"
        " print('alembic' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
