"""The commands of this room, from `ingest` to `reprocess`. The door puts them into `smartcity`."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import decoders
from sinks.errors import Refused
from sinks.model import Entry
from sinks.ports import Keys, Registry, Store
from sinks.storage import Storage

from . import reprocess as reprocessing
from . import unwrap as unwrapping
from .deliver import Delivery
from .keep import Keeper
from .networks.plain_json import MappingSettings
from .networks.table import with_mappings
from .pipeline import Fate, Unwrap, all_points, process
from .places import Places
from .report import as_json, sentences, table
from .reprocess import Report
from .run import Intake, Source, run
from .sources.file import envelopes
from .sources.mqtt import MqttSettings, MqttSource
from .sources.things_stack_storage import BackfillSettings, StorageSource
from .sources.webhook import WebhookSettings, WebhookSource

log = logging.getLogger(__name__)
console = Console(stderr=True)


class Simulation(Protocol):
    """How the simulated fleet lives."""

    speed: float
    seed: int


class Given(Protocol):
    """The part of the settings that this room is handed."""

    mqtt: dict[str, MqttSettings]
    webhook: WebhookSettings
    backfill: dict[str, BackfillSettings]
    mappings: dict[str, MappingSettings]
    simulate: Simulation

    @property
    def storage(self) -> Storage: ...


def add_to(app: typer.Typer) -> None:
    """Put this room's commands into the application."""
    app.command("ingest", epilog="Example: smartcity ingest --file messages.ndjson")(ingest)
    app.command("simulate", epilog="Example: smartcity simulate --print 3")(simulate)
    app.command("unwrap", epilog="Example: smartcity unwrap < messages.ndjson")(unwrap)
    app.command("replay", epilog="Example: smartcity replay --since 2026-01-01 --dry-run")(replay)
    app.command("reprocess", epilog="Example: smartcity reprocess --model EM400-MUD --since 2026-01-01 --dry-run")(
        reprocess
    )


def unwrapper(given: Given) -> Unwrap:
    """The first step of the way, for these settings."""
    return partial(unwrapping.unwrap, networks=with_mappings(given.mappings))


def ingest(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option(help="Take messages from this file of JSON lines, then end.")] = None,
    form: Annotated[str | None, typer.Option("--network", help="Format of the file's messages; else detected.")] = None,
) -> None:
    """Receive messages, keep them, and deliver them to the store until stopped."""
    given: Given = ctx.obj.settings
    registry = given.storage.open_registry()
    intake = _open(given, registry)
    if file is not None:
        with closing(intake):
            _take_file(intake, file, form)
        return
    with closing(given.storage.open_events()) as events:
        gaps = {name: Event() for name in given.backfill}
        sources: list[Callable[[Keeper], Source]] = [
            partial(
                MqttSource, name, settings, events, gaps=[gaps[b] for b in gaps if given.backfill[b].source == name]
            )
            for name, settings in given.mqtt.items()
        ]
        for name, backfill in given.backfill.items():
            state = given.storage.data / f"backfill-{name}.time"
            sources.append(partial(StorageSource, backfill, state, gaps[name]))
        if given.webhook.hooks:
            sources.append(partial(WebhookSource, given.webhook, partial(_is_key, registry)))
        run(intake, sources, stopped_by_signals())


def _is_key(keys: Keys, token: str) -> bool:
    return bool(token) and keys.check_key(token, "webhook") is not None


def _open(given: Given, registry: Registry) -> Intake:
    storage = given.storage
    return Intake(
        storage.open_journal(),
        storage.open_ledger(),
        registry,
        [storage.open_store()],
        unwrapper(given),
    )


def stopped_by_signals() -> Event:
    """An event that Ctrl-C and SIGTERM set, so that work ends in order instead of in the middle."""
    stop = Event()

    def told(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    return stop


def _take_file(intake: Intake, file: Path, form: str | None) -> None:
    """Keep every line, then deliver the backlog; progress by bytes, since lines are not known beforehand."""
    with _progress() as progress, file.open("rb") as lines:
        keeping = progress.add_task(f"keeping {file.name}", total=file.stat().st_size)
        for batch in envelopes(lines, file.name, form):
            intake.journal.append(batch)
            progress.update(keeping, completed=lines.tell())
        for store in intake.stores:
            delivery = Delivery(store, intake.journal, intake.ledger, Places(intake.registry), intake.unwrap)
            _deliver_backlog(delivery, progress)
    for store in intake.stores:
        said = ", ".join(f"{n} {outcome}" for outcome, n in intake.ledger.counts(store.name).items())
        typer.echo(f"{store.name}: {said} since the beginning")


def _deliver_backlog(delivery: Delivery, progress: Progress) -> None:
    stop, sink = Event(), delivery.store.name
    newest = delivery.journal.bounds()[1]
    delivering = progress.add_task(f"delivering to {sink}", total=newest - delivery.ledger.cursor(sink))
    start = delivery.ledger.cursor(sink)
    while delivery.deliver_batch(stop):
        progress.update(delivering, completed=delivery.ledger.cursor(sink) - start)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def simulate(
    ctx: typer.Context,
    print_: Annotated[int, typer.Option("--print", min=0, help="Print so many messages and end.")] = 0,
    speed: Annotated[float | None, typer.Option(min=0.1, max=10_000, help="How much faster than real time.")] = None,
) -> None:
    """Publish the real frames of a simulated fleet: 40 bins and 30 trees in Offenbach and Gießen."""
    from . import simulate as simulation  # noqa: PLC0415 only this command needs it

    given: Given = ctx.obj.settings
    fleet = simulation.fleet(given.simulate.seed)
    if print_:
        simulation.write_jsonl(sys.stdout, fleet, print_)
        return
    with closing(given.storage.open_registry()) as registry:
        simulation.register(registry, fleet)
    broker = next(iter(given.mqtt.values()))
    simulation.run(fleet, broker, speed or given.simulate.speed, stopped_by_signals())


def unwrap(ctx: typer.Context) -> None:
    """Read messages as JSON lines on standard input; print one line for each frame or event found in them.

    A line is {"topic": …, "network": …, "arrived_at": …, "body": …}; `text` or `base64` instead of `body` for what
    is not JSON. Nothing is kept.
    """
    given: Given = ctx.obj.settings
    known = with_mappings(given.mappings)
    for number, line in enumerate(sys.stdin, 1):
        if line.strip():
            for result in unwrapping.unwrap_line(line, number, known):
                sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")


def replay(
    ctx: typer.Context,
    since: Annotated[
        datetime | None, typer.Option(help="Only messages that arrived at or after this UTC time.")
    ] = None,
    source: Annotated[str, typer.Option(help="Only messages of this source.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")] = False,
) -> None:
    """Take the kept messages through today's decoders once more and write the result; the same rows are replaced."""
    given: Given = ctx.obj.settings
    since_ns = _utc_ns(since) if since else 0
    intake = _open(given, given.storage.open_registry())
    with closing(intake):
        store = None if dry_run else intake.stores[0]
        tally = _replay(intake, lambda entry: _wanted(entry, since_ns, source), store)
    verb = "would be written" if dry_run else "written"
    typer.echo(
        f"{tally['messages']} messages replayed: {tally['points']} points {verb}, {tally['duplicate']} duplicates"
    )
    for reason, n in sorted(tally.items()):
        if "/" in reason:
            typer.echo(f"  {n} times {reason}")


def _utc_ns(moment: datetime) -> int:
    """Unix nanoseconds of a time given on the command line, which is UTC when it names no zone."""
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000


def _wanted(entry: Entry, since_ns: int, source: str) -> bool:
    return entry.envelope.arrived_ns >= since_ns and source in {"", entry.envelope.source}


def _replay(intake: Intake, wanted: Callable[[Entry], bool], store: Store | None) -> Counter[str]:
    memory: dict[str, int] = {}
    places, tally, cursor = Places(intake.registry), Counter[str](), 0
    oldest, newest = intake.journal.bounds()
    with _progress() as progress:
        task = progress.add_task("replaying", total=max(0, newest - oldest + 1))
        while entries := intake.journal.read(cursor, 500):
            cursor = entries[-1].offset
            chosen = [entry for entry in entries if wanted(entry)]
            fates = process(chosen, intake.unwrap, places, partial(_remembered, memory))
            memory |= {key: until for fate in fates for key, until in fate.keys.items()}
            tally.update(_tally(chosen, fates))
            if store is not None:
                for refused in store.write(list(all_points(fates))).rejected:
                    tally[f"write/{refused.code}"] += 1
            progress.update(task, advance=len(entries))
    return tally


def _remembered(memory: Mapping[str, int], keys: Mapping[str, int]) -> dict[str, int]:
    return {key: memory[key] for key in keys if key in memory}


def _tally(entries: Sequence[Entry], fates: Iterable[Fate]) -> Counter[str]:
    tally = Counter({"messages": len(entries)})
    for fate in fates:
        tally["points"] += len(fate.points)
        tally["duplicate"] += fate.outcome == "duplicate"
        tally.update(letter.reason for letter in fate.letters)
    return tally


def reprocess(
    ctx: typer.Context,
    since: Annotated[datetime, typer.Option(help="Only messages that arrived at or after this UTC time.")],
    until: Annotated[datetime | None, typer.Option(help="Only messages that arrived before this UTC time.")] = None,
    model: Annotated[str, typer.Option(help="Only devices of this model; see `smartcity devices models`.")] = "",
    device: Annotated[str, typer.Option(help="Only this DevEUI.")] = "",
    asset: Annotated[str, typer.Option(help="Only rows of this asset.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare today's decoders over the kept messages with what is stored, say what differs, and rewrite that.

    Beside a running intake, after a decoder, a parameter, a mount was mended. Interrupted, the same call goes on where
    it was. `replay` compares nothing and writes everything, e.g. into a new store.
    """
    given: Given = ctx.obj.settings
    if not (model or device or asset):
        raise typer.BadParameter("name a --model, a --device or an --asset")
    with closing(given.storage.open_registry()) as registry:
        choice = reprocessing.Choice(
            reprocessing.devices_of(registry, _decoder_key(model), device.lower(), asset),
            _utc_ns(since),
            _utc_ns(until) if until else sys.maxsize,
            asset,
        )
        _reprocess(given, registry, choice, dry_run=dry_run, json_=json_)


def _decoder_key(model: str) -> str:
    decoder = decoders.find(model)
    if model and decoder is None:
        raise Refused(f"no decoder is called {model!r}; see `smartcity devices models`")
    return decoder.key if decoder else ""


def _reprocess(given: Given, registry: Registry, choice: reprocessing.Choice, *, dry_run: bool, json_: bool) -> None:
    storage, stop = given.storage, stopped_by_signals()
    with ExitStack() as held:
        work = reprocessing.work(choice, registry, storage.store.kind)
        own = reprocessing.passing_books() if dry_run else reprocessing.own_books(storage.data, work)
        books = held.enter_context(own)
        journal = held.enter_context(closing(storage.open_journal()))
        reader = held.enter_context(closing(storage.open_reader()))
        store = None if dry_run else held.enter_context(closing(storage.open_store()))
        ledger = held.enter_context(closing(storage.open_ledger()))
        through, start = ledger.cursor(storage.store.kind), books.cursor(reprocessing.BOOK)
        progress = held.enter_context(_progress())
        task = progress.add_task("reprocessing", total=through, completed=start)
        run_ = reprocessing.Reprocessing(journal, Places(registry), reader, store, books, unwrapper(given), choice)
        report = run_.run(through, stop, lambda offset: progress.update(task, completed=offset))
    if not (dry_run or stop.is_set()):
        reprocessing.finish(storage.data)
    _tell(report, start, dry_run=dry_run, json_=json_, finished=not stop.is_set())


def _tell(report: Report, start: int, *, dry_run: bool, json_: bool, finished: bool) -> None:
    if json_:
        found = as_json(report, dry_run=dry_run, continued_after=start, finished=finished)
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        if start:
            typer.echo(f"went on behind message {start}, where the last call was interrupted")
        for line in sentences(report, dry_run=dry_run):
            typer.echo(line)
        if report.difference.quantities:
            Console().print(table(report))
    if not finished:
        typer.echo("interrupted: the same call goes on from here" if not dry_run else "interrupted", err=True)
        raise typer.Exit(1)
