"""`replay` and `reprocess`: kept messages once more through today's decoders."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final

import typer

from ingest import reprocess as reprocessing
from ingest.deliver import settlement
from ingest.pipeline import Fate, Unwrap, all_points, process
from ingest.places import Places
from ingest.reprocess import Report, through
from ingest.retain import gone
from ingest.site import Find
from ingest.stopping import stopped_by_signals
from sinks.errors import Refused
from sinks.model import Entry
from sinks.ports import Ledger, Past, Registry, Rejected, Store, Stretch

from .given import Given, finder, progress, unwrapper

_AT_ONCE: Final = 500


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.command("replay", epilog="Example: smartcity replay --since 2026-01-01 --dry-run")(replay)
    app.command("reprocess", epilog="Example: smartcity reprocess --model EM400-MUD --since 2026-01-01 --dry-run")(
        reprocess
    )


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
    with ExitStack() as held:
        past = held.enter_context(closing(given.storage.open_past()))
        _say_what_is_gone(past, since_ns)
        registry = held.enter_context(closing(given.storage.open_registry()))
        store = None if dry_run else held.enter_context(closing(given.storage.open_store()))
        books = held.enter_context(reprocessing.passing_books())
        again = _Replay(past, books, Places(registry, finder(given, held)), unwrapper(given), store)
        tally = again.run(past.stretches(since_ns), lambda entry: _wanted(entry, since_ns, source))
    verb = "would be written" if dry_run else "written"
    typer.echo(
        f"{tally['messages']} messages replayed: {tally['points']} points {verb}, {tally['duplicate']} duplicates"
    )
    for reason, n in sorted(tally.items()):
        if "/" in reason:
            typer.echo(f"  {n} times {reason}")


def _say_what_is_gone(past: Past, since_ns: int) -> None:
    if said := gone(past, since_ns):
        typer.echo(said, err=True)


def _utc_ns(moment: datetime) -> int:
    """Unix nanoseconds of a time given on the command line, which is UTC when it names no zone."""
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000


def _wanted(entry: Entry, since_ns: int, source: str) -> bool:
    return entry.envelope.arrived_ns >= since_ns and source in {"", entry.envelope.source}


@dataclass(frozen=True, slots=True)
class _Replay:
    """Everything a replay works with; `books` know its frames, `store` is None for a dry run."""

    past: Past
    books: Ledger
    places: Places
    unwrap: Unwrap
    store: Store | None

    def run(self, stretches: Sequence[Stretch], wanted: Callable[[Entry], bool]) -> Counter[str]:
        """Take the wanted messages of these stretches once more; gives what became of them, by number."""
        tally = Counter[str]()
        with progress() as bar:
            task = bar.add_task("replaying", total=sum(one.number for one in stretches))
            for batch in through(self.past, stretches, _AT_ONCE):
                chosen = [entry for entry in batch.entries if wanted(entry)]
                book = reprocessing.book_of(batch.lane)
                fates = process(chosen, self.unwrap, self.places, partial(self.books.seen, book))
                rejected = self._write(fates)
                self.books.settle(replace(settlement(book, batch.entries, fates, rejected), dead_letters=()))
                tally.update(_tally(chosen, fates))
                tally.update(f"write/{refused.code}" for refused in rejected)
                bar.update(task, advance=len(batch.entries))
        return tally

    def _write(self, fates: Sequence[Fate]) -> Sequence[Rejected]:
        return self.store.write(all_points(fates)).rejected if self.store is not None else ()


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
    with ExitStack() as held:
        registry = held.enter_context(closing(given.storage.open_registry()))
        find = finder(given, held)
        choice = reprocessing.Choice(
            reprocessing.devices_of(registry, _decoder_key(find, model), device.lower(), asset, find),
            _utc_ns(since),
            _utc_ns(until) if until else sys.maxsize,
            asset,
        )
        _reprocess(given, registry, find, choice, dry_run=dry_run, json_=json_)


def _decoder_key(find: Find, model: str) -> str:
    decoder = find(model)
    if model and decoder is None:
        raise Refused(f"no decoder is called {model!r}; see `smartcity devices models`")
    return decoder.key if decoder else ""


def _reprocess(
    given: Given, registry: Registry, find: Find, choice: reprocessing.Choice, *, dry_run: bool, json_: bool
) -> None:
    storage, stop = given.storage, stopped_by_signals()
    with ExitStack() as held:
        work = reprocessing.work(choice, registry, storage.journal_name, storage.store.kind, find)
        own = reprocessing.passing_books() if dry_run else reprocessing.own_books(storage.data, work)
        books = held.enter_context(own)
        past = held.enter_context(closing(storage.open_past()))
        _say_what_is_gone(past, choice.since_ns)
        reader = held.enter_context(closing(storage.open_reader()))
        store = None if dry_run else held.enter_context(closing(storage.open_store()))
        whole = past.stretches(choice.begin_ns, storage.store.kind)
        rests = reprocessing.rests(whole, books)
        total, left = (sum(one.number for one in stretches) for stretches in (whole, rests))
        bar = held.enter_context(progress())
        task = bar.add_task("reprocessing", total=total, completed=total - left)
        run_ = reprocessing.Reprocessing(past, Places(registry, find), reader, store, books, unwrapper(given), choice)
        report = run_.run(rests, stop, lambda number: bar.update(task, advance=number))
    if not (dry_run or stop.is_set()):
        reprocessing.finish(storage.data)
    _tell(report, total - left, dry_run=dry_run, json_=json_, finished=not stop.is_set())


def _tell(report: Report, start: int, *, dry_run: bool, json_: bool, finished: bool) -> None:
    from ingest.report import as_json, sentences, table  # noqa: PLC0415 Rich is not needed before

    if json_:
        found = as_json(report, dry_run=dry_run, continued_after=start, finished=finished)
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        if start:
            typer.echo(f"went on behind {start} messages, where the last call was interrupted")
        for line in sentences(report, dry_run=dry_run):
            typer.echo(line)
        if report.difference.quantities:
            from rich.console import Console  # noqa: PLC0415

            Console().print(table(report))
    if not finished:
        typer.echo("interrupted: the same call goes on from here" if not dry_run else "interrupted", err=True)
        raise typer.Exit(1)
