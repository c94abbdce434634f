"""The data model in the README is the one in the code."""

from __future__ import annotations

from pathlib import Path

from sinks.influxdb import schema

README = Path(schema.__file__).with_name("README.md")


def table() -> str:
    """Measurement, and its fields by type, as the README shows them."""
    rows = ["| Measurement | Fields |", "|---|---|"]
    for measurement, fields in schema.MEASUREMENTS.items():
        by_type = (
            f"{kind.__name__}: {', '.join(f'`{name}`' for name, it in fields.items() if it is kind)}"
            for kind in (float, int, bool, str)
            if kind in fields.values()
        )
        rows.append(f"| `{measurement}` | {'; '.join(by_type)} |")
    return "\n".join(rows)


def test_the_readme_shows_the_data_model() -> None:
    shown = README.read_text().partition("test_influxdb_readme.py -->\n")[2].partition("\n<!-- end")[0]
    assert shown == table(), f"put this into {README.name}:\n{table()}"


def test_the_readme_names_every_tag() -> None:
    assert ", ".join(f"`{tag}`" for tag in schema.TAGS) in README.read_text()
