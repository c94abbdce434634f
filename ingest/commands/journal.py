"""`journal`: what goes from the journal of messages, and sinks that are used no more."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Annotated

import typer

from ingest.retain import Plan, Retention, held
from sinks.earlier import redact as redact_files
from sinks.errors import Invalid, Refused
from sinks.ports import Ledger
from sinks.storage import Storage

from .given import Given, progress

journal = typer.Typer(no_args_is_help=True, help="The journal of messages as they came: what goes, and who reads it.")


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(journal, name="journal")


@journal.command("trim", epilog="Example: smartcity journal trim --dry-run")
def trim(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
) -> None:
    """Remove what is older, or more, than the settings keep, as far as every sink has settled it.

    A running intake does this by itself, once a minute. `journal.keep_days` counts from when a message was kept here.
    """
    given: Given = ctx.obj.settings
    storage = given.storage
    with closing(storage.open_journal()) as kept, closing(storage.open_ledger()) as ledger:
        kept.mark(time.time_ns())
        retention = Retention(kept, ledger, storage.store.kind, storage.journal)
        found = retention.plan()
        if not dry_run:
            with progress() as bar:
                task = bar.add_task("trimming", total=found.entries)
                for gone in retention.trim(found):
                    bar.update(task, advance=gone)
        typer.echo(f"{_sentence(found, dry_run=dry_run)}; the journal takes {kept.size() / 1e6:.1f} MB")
        if found.held:
            typer.echo(held(found))


def _sentence(found: Plan, *, dry_run: bool) -> str:
    if not found.entries:
        return "nothing would go" if dry_run else "nothing went"
    verb = "would go" if dry_run else "went"
    return f"{found.entries} messages {verb}, {found.oldest} to {found.through}"


@journal.command("redact", epilog="Example: smartcity journal redact")
def redact(ctx: typer.Context) -> None:
    """Take secrets out of messages and dead letters that an earlier version kept with them; new ones have none.

    Works on the local journal and beside a running intake; doing it twice is harmless.
    """
    given: Given = ctx.obj.settings
    if given.storage.is_on_kafka:
        raise Refused("Kafka records cannot be changed: messages go with journal.keep_days, dead letters by a replay")
    changed = sum(redact_files(given.storage.data))
    typer.echo(f"{changed} messages and dead letters had secrets; now none has")


@journal.command("retire", epilog="Example: smartcity journal retire influxdb --yes")
def retire(
    ctx: typer.Context,
    sink: Annotated[str, typer.Argument(help="Its name in the books; see `smartcity status`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
) -> None:
    """Take a sink that is used no more out of the books, so that nothing is kept for it any longer.

    Used again later, it begins anew with what the journal still has. Its dead letters stay.
    """
    given: Given = ctx.obj.settings
    with closing(given.storage.open_ledger()) as ledger:
        said = _is_known(given.storage, ledger, sink)
        if not yes:
            typer.confirm(f"{said}; forget all this but its dead letters?", abort=True)
        ledger.retire(sink)
    typer.echo(f"{said}; it is no longer in the books")


def _is_known(storage: Storage, ledger: Ledger, sink: str) -> str:
    """What the books say of it. Raises `Invalid`, and `Refused` for the one that is used."""
    cursors = ledger.cursors()
    if sink not in cursors:
        raise Invalid(f"no sink is called {sink!r}; the books know {', '.join(cursors) or 'none'}")
    if sink == storage.store.kind:
        raise Refused(f"{sink} is the store that the settings name: it is in use")
    counts = ", ".join(f"{n} {outcome}" for outcome, n in ledger.counts(sink).items())
    return f"{sink} has settled up to message {cursors[sink]} ({counts or 'none counted'})"
