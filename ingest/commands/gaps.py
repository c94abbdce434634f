"""`gaps`: what went missing on the way to us."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from sinks.commands.output import Json, show
from sinks.model import Gap

from .given import Given

_COLUMNS = ("source", "device", "why", "from", "to", "missing", "found", "state")


def add_to(app: typer.Typer) -> None:
    """Put this command into the application."""
    app.command("gaps", epilog="Example: smartcity gaps --since 2026-01-01 --json")(gaps)


def gaps(
    ctx: typer.Context,
    device: Annotated[str, typer.Option(help="Only of this device.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only those that ended at or after this UTC time.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000)] = 100,
    as_json: Json = False,
) -> None:
    """List when frames of a device are missing, by its counter, and when a source sent nothing; the newest first.

    A gap is open until late frames or a back-fill have filled it; after a week, or four newer ones of the same device,
    it is given up. Of a source nobody knows how much is missing.
    """
    given: Given = ctx.obj.settings
    sink = given.storage.store.kind
    since_ms = int(since.replace(tzinfo=since.tzinfo or UTC).timestamp() * 1000) if since else 0
    with closing(given.storage.open_gaps()) as records:
        found = records.find(sink, device=device.lower(), since_ms=since_ms, limit=limit)
        sums, still_open = records.sums(sink), records.open(sink)
    show([_described(gap) for gap in found], _COLUMNS, as_json=as_json)
    if not as_json:
        typer.echo(f"{sums['missing']} frames missing, {sums['found']} of them found later; {still_open} gaps open")


def _described(gap: Gap) -> dict[str, Any]:
    times = {name: datetime.fromtimestamp(ms / 1000, UTC) for name, ms in (("from", gap.from_ms), ("to", gap.to_ms))}
    return asdict(gap) | {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in times.items()}
