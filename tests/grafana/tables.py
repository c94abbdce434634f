"""What Grafana makes of an answer in the form of a table, by the browser and by the server side of 9.4.

The browser takes names from the answer and shows an empty cell. The server names columns from the target's `select` and
groups, gives up on a text that is empty in some row of a series, and leaves out a row with an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Series = Mapping[str, Any]


def in_browser(series: Iterable[Series], _: Mapping[str, Any]) -> Iterator[Row]:
    """Rows as `InfluxSeries.getTable` reads them."""
    for one in series:
        names = ["Time", *one["columns"][1:]]
        for cells in one["values"]:
            yield dict(zip(names, cells, strict=True)) | one.get("tags", {})


def on_server(series: Iterable[Series], target: Mapping[str, Any]) -> Iterator[Row]:
    """Rows as 9.4 reads them with the toggle `influxdbBackendMigration`."""
    names = ["Time", *(part[0]["params"][0] for part in target["select"])]
    for one in series:
        for column in zip(*one["values"], strict=True):
            assert not (any(isinstance(cell, str) for cell in column) and None in column), "the server would give up"
        for cells in one["values"]:
            if None not in cells:
                yield dict(zip(names, cells, strict=True)) | one.get("tags", {})


def merged(tables: Sequence[Iterable[Row]]) -> list[Row]:
    """Grafana's transformation `merge`: rows that agree in all columns that every table has become one."""
    filled = [rows for table in tables if (rows := list(table))]
    keys = set.intersection(*({name for row in rows for name in row} for rows in filled)) if filled else set()
    found: dict[tuple[Any, ...], Row] = {}
    for rows in filled:
        for row in rows:
            known = found.setdefault(tuple(row[key] for key in sorted(keys)), {})
            assert all(known.get(name) in (None, value) for name, value in row.items()), "merge would make two rows"
            known |= row
    return list(found.values())
