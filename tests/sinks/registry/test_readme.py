"""The page about the registry says what the code does."""

from __future__ import annotations

from pathlib import Path

from sinks.registry.exchange.columns import COLUMNS, Part
from sinks.registry.exchange.lines import BYTES_MAX, ROWS_MAX
from sinks.registry.forms import MOUNTS, PROPERTIES
from sinks.registry.tables import metadata

PAGE = (Path(__file__).parents[3] / "sinks/registry/README.md").read_text()


def test_the_table_of_columns_is_the_table_of_the_code() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{column.name}` | {column.part} | {column.cell} | {', '.join(column.headers)} | {column.meaning} |"
        for column in COLUMNS.values()
    ]


def test_every_table_is_told() -> None:
    assert [name for name in metadata.tables if f"\n| {name} | " not in PAGE] == []


def test_the_limits_are_those_of_the_code() -> None:
    assert f"At most {BYTES_MAX // 1024 // 1024} MiB and {ROWS_MAX} rows" in PAGE


def test_every_property_and_mount_has_its_column() -> None:
    fields = {(Part.ASSET, f"properties.{name}") for form in PROPERTIES.values() for name in form.model_fields}
    fields |= {(Part.INSTALLATION, f"mount.{name}") for form in MOUNTS.values() for name in form.model_fields}
    assert fields - {(column.part, column.field) for column in COLUMNS.values()} == set()
