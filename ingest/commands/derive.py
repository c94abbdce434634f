"""`ingest derive`: what needs history, beside the delivery."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from threading import Event
from typing import Annotated

import typer

from ingest.derive.window import HOUR_MS
from ingest.insights.directory import Directory
from ingest.insights.operation import Operation
from ingest.insights.run import Insights, Rounds, again
from ingest.stopping import stopped_by_signals

from .given import Given, progress


def add_to(app: typer.Typer) -> None:
    """Put this command into the application."""
    app.command("derive", epilog="Example: smartcity ingest derive --since 2026-01-01 --dry-run")(derive)


def derive(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Look once, then end.")] = False,
    since: Annotated[
        datetime | None, typer.Option(help="Derive the hours from this UTC time to now once more, then end.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --since: say what would be written; write nothing.")
    ] = False,
) -> None:
    """Derive states and events from what is stored, and write them beside it, until stopped.

    Emptied bins, fill rates, the need of water, silent devices, and the pipeline's own accounts, every minute. After a
    mount was mended and the readings were reprocessed, --since brings the past up to date.
    """
    if dry_run and since is None:
        raise typer.BadParameter("--dry-run is for --since")
    given: Given = ctx.obj.settings
    storage, stop = given.storage, stopped_by_signals()
    with ExitStack() as held:
        directory = Directory(held.enter_context(closing(storage.open_registry())))
        reader = held.enter_context(closing(storage.open_reader()))
        store = None if dry_run else held.enter_context(closing(storage.open_store()))
        insights = Insights(reader, store, directory)
        if since is not None:
            _again(insights, since, stop, dry_run=dry_run)
            return
        books = held.enter_context(closing(storage.open_accounting()))
        letters = held.enter_context(closing(storage.open_letters()))
        rounds = Rounds(insights, Operation(books, letters, directory), storage.store.kind, given.derive)
        if once:
            rounds.look(_now_ms())
            _tell(insights, dry_run=False)
        else:
            rounds.run(stop, _now_ms)


def _again(insights: Insights, since: datetime, stop: Event, *, dry_run: bool) -> None:
    since_ms = int((since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp()) * 1000
    now_ms = _now_ms()
    with progress() as bar:
        task = bar.add_task("deriving hours", total=max(0, now_ms - since_ms) // HOUR_MS + 1)
        again(insights, since_ms, now_ms, lambda hours: bar.update(task, completed=hours), stop)
    _tell(insights, dry_run=dry_run)
    if stop.is_set():
        typer.echo("interrupted: the same call does it again", err=True)
        raise typer.Exit(1)


def _tell(insights: Insights, *, dry_run: bool) -> None:
    verb = "would be written" if dry_run else "written"
    for name, n in sorted(insights.written.items()):
        typer.echo(f"{n} rows of {name} {verb}")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
