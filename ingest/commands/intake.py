"""`ingest`: receive, keep, deliver, in one process or in two that meet only in the journal."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer

from ingest.ahead import Ahead
from ingest.deliver import IDLE_S, Delivery
from ingest.gaps import GapFinders
from ingest.places import Places
from ingest.recall import recall
from ingest.retain import Retention
from ingest.run import MakeSource, keep_books, process, receive, watch
from ingest.source_gaps import SourceWatch
from ingest.sources.file import envelopes
from ingest.stopping import stopped_by_signals
from sinks.commands.later import later
from sinks.ports import Bell, Events, Keys

from .given import Given, finder, progress, unwrapper

ingest = typer.Typer(cls=later({"derive": "ingest.commands.derive"}), invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(ingest, name="ingest", epilog="Example: smartcity ingest --file messages.ndjson")


@ingest.callback()
def receive_and_process(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option(help="Take messages from this file of JSON lines, then end.")] = None,
    form: Annotated[str | None, typer.Option("--network", help="Format of the file's messages; else detected.")] = None,
) -> None:
    """Receive messages, keep them, and deliver them to the store until stopped.

    `ingest receive` and `ingest process` do the two halves in processes of their own: processing that stands still or
    is started anew never holds up a source.
    """
    given: Given = ctx.obj.settings
    if ctx.invoked_subcommand is not None:
        if file is not None:
            raise typer.BadParameter(f"--file is for `ingest` itself, not for `ingest {ctx.invoked_subcommand}`")
        return
    with ExitStack() as held:
        if file is not None:
            _take_file(given, held, file, form)
            return
        stop, grown = stopped_by_signals(), Event()
        threads = _receive(given, held, stop, [grown])
        threads += process([_delivery(given, held, grown)], stop)
        watch([*threads, *_keep_books(given, held, stop)], stop)


@ingest.command("receive", epilog="Example: smartcity ingest receive")
def receive_only(ctx: typer.Context) -> None:
    """Receive messages and keep them until stopped; `ingest process` delivers them."""
    given: Given = ctx.obj.settings
    stop = stopped_by_signals()
    with ExitStack() as held:
        watch(_receive(given, held, stop, []), stop)


@ingest.command("process", epilog="Example: smartcity ingest process")
def process_only(ctx: typer.Context) -> None:
    """Deliver kept messages to the store until stopped, also those that another process is receiving now."""
    given: Given = ctx.obj.settings
    stop = stopped_by_signals()
    with ExitStack() as held:
        bell = held.enter_context(given.storage.bell())
        threads = process([_delivery(given, held, bell)], stop)
        watch([*threads, *_keep_books(given, held, stop)], stop)


def _receive(given: Given, held: ExitStack, stop: Event, grown: list[Event]) -> list[Thread]:
    storage = given.storage
    journal = held.enter_context(closing(storage.open_appender()))
    events = held.enter_context(closing(storage.open_events()))
    return receive(journal, _sources(given, held, events), stop, grown)


def _sources(given: Given, held: ExitStack, events: Events) -> list[MakeSource]:
    """Each with its client, which only a process that receives needs."""
    from ingest.sources.mqtt import MqttSource  # noqa: PLC0415
    from ingest.sources.things_stack_storage import StorageSource  # noqa: PLC0415

    gaps = {name: Event() for name in given.backfill}
    sources: list[MakeSource] = [
        partial(MqttSource, name, settings, events, gaps=[gaps[b] for b in gaps if given.backfill[b].source == name])
        for name, settings in given.mqtt.items()
    ]
    for name, backfill in given.backfill.items():
        state = given.storage.data / f"backfill-{name}.time"
        sources.append(partial(StorageSource, backfill, state, gaps[name]))
    if given.webhook.hooks:
        from ingest.sources.webhook import WebhookSource  # noqa: PLC0415 a server that most intakes do not need

        registry = held.enter_context(closing(given.storage.open_registry()))
        sources.append(partial(WebhookSource, given.webhook, partial(_is_key, registry)))
    return sources


def _is_key(keys: Keys, token: str) -> bool:
    return bool(token) and keys.check_key(token, "webhook") is not None


def _delivery(given: Given, held: ExitStack, bell: Bell) -> Delivery:
    storage = given.storage
    store = held.enter_context(closing(storage.open_store()))
    unwrap = unwrapper(given)
    feed = held.enter_context(closing(storage.open_feed(store.name, bell, partial(recall, unwrap=unwrap))))
    places = Places(held.enter_context(closing(storage.open_places())), finder(given, held))
    gaps = GapFinders(feed.states)
    if storage.is_on_kafka:  # a partition can only be read in order
        return Delivery(store, feed, places, unwrap, gaps)
    journal = held.enter_context(closing(storage.open_journal()))
    return Delivery(store, feed, places, unwrap, gaps, Ahead(journal, feed, store, places, unwrap))


def _keep_books(given: Given, held: ExitStack, stop: Event) -> list[Thread]:
    storage = given.storage
    if storage.is_on_kafka:
        return []  # the brokers trim by themselves, and know no gaps
    journal = held.enter_context(closing(storage.open_journal()))
    ledger = held.enter_context(closing(storage.open_ledger()))
    events = held.enter_context(closing(storage.open_events()))
    gaps = held.enter_context(closing(storage.open_gaps()))
    retention = Retention(journal, ledger, storage.store.kind, storage.journal)
    return keep_books(retention, SourceWatch(events, gaps), stop)


def _take_file(given: Given, held: ExitStack, file: Path, form: str | None) -> None:
    """Keep every line, then deliver the backlog, or wait until a running intake has; progress by bytes."""
    delivery = _delivery(given, held, Event())
    journal = held.enter_context(closing(given.storage.open_appender()))
    books = held.enter_context(closing(given.storage.open_accounting()))
    sink = delivery.store.name
    with progress() as bar, file.open("rb") as lines:
        keeping = bar.add_task(f"keeping {file.name}", total=file.stat().st_size)
        for batch in envelopes(lines, file.name, form):
            journal.append(batch)
            bar.update(keeping, completed=lines.tell())
        begin = books.account(sink)
        delivering = bar.add_task(f"delivering to {sink}", total=begin.received - begin.cursor)
        while (now := books.account(sink)).cursor < begin.received and now.in_flight:
            bar.update(delivering, completed=now.cursor - begin.cursor)
            delivery.deliver_batch(Event(), IDLE_S)
    said = ", ".join(f"{n} {outcome}" for outcome, n in books.account(sink).counts.items())
    typer.echo(f"{sink}: {said} since the beginning")
