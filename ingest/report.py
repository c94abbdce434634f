"""What `smartcity reprocess` found, as JSON and for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from .difference import Quantity
from .reprocess import Report


def as_json(report: Report, *, dry_run: bool, continued_after: int, finished: bool) -> dict[str, Any]:
    """All of it. `continued_after`: messages that an interrupted run went through before, 0 for a new one."""
    difference = report.difference
    return {
        "dry_run": dry_run,
        "finished": finished,
        "continued_after": continued_after,
        "messages": report.messages,
        "duplicates": report.duplicates,
        "rows": {name: getattr(difference, name) for name in ("same", "changed", "new", "stale")},
        "written": report.written,
        "quantities": {name: _quantity(difference.quantities[name]) for name in sorted(difference.quantities)},
        "refused": dict(sorted(report.letters.items())),
    }


def _quantity(found: Quantity) -> dict[str, Any]:
    names = ("changed", "new", "stale", "least", "median", "most", "examples")
    return {name: getattr(found, name) for name in names}


def sentences(report: Report, *, dry_run: bool) -> Iterator[str]:
    """The sums, then what is refused, one line each."""
    rows, would = report.difference, "would be " if dry_run else ""
    yield (
        f"{report.messages} messages, {report.duplicates} of them duplicates: {rows.changed} rows {would}changed, "
        f"{rows.new} {would}new, {rows.same} the same, {rows.stale} stale"
    )
    if any(found.stale for found in rows.quantities.values()):
        yield "stale: stored, but no longer given by today's decoder; it stays in the store"
    for reason, n in sorted(report.letters.items()):
        yield f"  {n} times {reason}"


def table(report: Report) -> Table:
    """A row for every quantity that is not all the same."""
    shown = Table("quantity", "changed", "new", "stale", "by at least", "median", "at most", "for example", box=None)
    for name, found in sorted(report.difference.quantities.items()):
        measures = ("" if x is None else f"{x:+.6g}" for x in (found.least, found.median, found.most))
        counts = (str(n) for n in (found.changed, found.new, found.stale))
        shown.add_row(name, *counts, *measures, _example(found))
    return shown


def _example(found: Quantity) -> str:
    if not found.examples:
        return ""
    first = found.examples[0]
    at = datetime.fromtimestamp(first["time_ms"] / 1000, UTC).isoformat(timespec="seconds")
    return f"{first['device']} {at}: {first['before']} -> {first['after']}"
