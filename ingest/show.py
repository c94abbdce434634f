"""The command `status`: whether the books add up, everything moves, and the sources are sound."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from threading import Event
from typing import Annotated, Any, Final

import typer

from sinks.books import Account, Accounting, Kept
from sinks.ports import SourceEvent
from sinks.storage import Storage

from .retain import Retention, held
from .status import imbalance, stands_still

Json = dict[str, Any]


def add_to(app: typer.Typer) -> None:
    """Put this command into the application."""
    app.command("status", epilog="Example: smartcity status --json")(status)


def status(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON, one line each time.")] = False,
    watch: Annotated[float | None, typer.Option(min=0.1, help="Show again every so many seconds.")] = None,
    stalled_after: Annotated[float, typer.Option(min=0, help="How many seconds a message may wait.")] = 60.0,
) -> None:
    """Show what became of every message, per sink, and what happened at the sources.

    Exit code 1 when the books do not add up, a sink stands still, or an alarm of a source stands.

    A sink stands still when its oldest message has waited longer than --stalled-after and it takes none while we look.
    """
    storage: Storage = ctx.obj.settings.storage
    with ExitStack() as opened:
        books = opened.enter_context(closing(storage.open_accounting()))
        overdue = _overdue(storage, opened)
        standing = _look(books, storage.store.kind, overdue, stalled_after)
        typer.echo(_text(standing, as_json=as_json))
        while watch is not None and _waited(watch):
            standing = _look(books, storage.store.kind, overdue, stalled_after)
            typer.echo(_text(standing, as_json=as_json))
    if standing.wrong:
        raise typer.Exit(1)


def _overdue(storage: Storage, opened: ExitStack) -> Callable[[], str | None]:
    """Says what retention would take and must not yet, None when nothing. On Kafka it waits for nobody."""
    if storage.is_on_kafka:
        return lambda: None
    journal = opened.enter_context(closing(storage.open_journal()))
    ledger = opened.enter_context(closing(storage.open_ledger()))
    retention = Retention(journal, ledger, storage.store.kind, storage.journal)
    return lambda: held(retention.plan())


def _waited(seconds: float) -> bool:
    """False when Ctrl-C came first."""
    try:
        Event().wait(seconds)
    except KeyboardInterrupt:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands. `wrong`: one sentence for each thing that is not as it should be."""

    at_ns: int
    accounts: list[Account]
    events: list[SourceEvent]
    kept: Kept
    wrong: list[str]


def _look(books: Accounting, used: str, overdue: Callable[[], str | None], stalled_after: float) -> Standing:
    """Of the sinks, the one that the settings name must move; others that the books know must only add up."""
    at_ns = time.time_ns()
    accounts = [books.account(sink) for sink in sorted({used, *books.ledger.cursors()})]
    wrong = [f"{one.sink}: {imbalance(one)}" for one in accounts if not one.balanced]
    for one in accounts:
        if one.sink == used and stands_still(books, one, stalled_after):
            waits = f"{one.in_flight} messages wait, the oldest for {one.oldest_s(at_ns):.0f} s"
            wrong.append(f"{one.sink}: stands still, {waits}: does `smartcity ingest` run, does its store answer?")
    events = books.events.all()
    alarms = [event for event in events if event.alarm_until_ms > at_ns // 1_000_000]
    wrong += [f"{event.source}: {event.detail} ({event.code}, {_time(event.last_ms)})" for event in alarms]
    if sentence := overdue():
        wrong.append(sentence)
    return Standing(at_ns, accounts, events, books.kept(), wrong)


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(standing: Standing, *, as_json: bool) -> str:
    if as_json:
        sinks = {one.sink: _as_json(one, standing.at_ns) for one in standing.accounts}
        sources = {source: _events_as_json(events) for source, events in _by_source(standing.events)}
        found = {"sinks": sinks, "sources": sources, "journal": asdict(standing.kept), "wrong": standing.wrong}
        return json.dumps(found, ensure_ascii=False)
    return "\n".join(_lines(standing))


def _as_json(one: Account, at_ns: int) -> Json:
    outcomes = {name: one.counts.get(key, 0) for key, name in _OUTCOMES.items()}
    return {
        "received": one.received,
        **outcomes,
        "in_flight": one.in_flight,
        "cursor": one.cursor,
        "backlog": one.backlog,
        "oldest_waiting_s": round(one.oldest_s(at_ns), 1),
        "balanced": one.balanced,
        "frames": dict(one.frames),
        "gaps": asdict(one.gaps),
    }


def _events_as_json(events: Iterable[SourceEvent]) -> Json:
    return {
        event.code: {
            "count": event.count,
            "first": _time(event.first_ms),
            "last": _time(event.last_ms),
            "detail": event.detail,
        }
        for event in events
    }


def _by_source(events: Iterable[SourceEvent]) -> Iterator[tuple[str, list[SourceEvent]]]:
    for source, own in groupby(events, key=lambda event: event.source):
        yield source, list(own)


_OUTCOMES: Final = {
    "stored": "stored",
    "duplicate": "duplicates",
    "dead_letter": "dead_letters",
    "expired": "expired",
}
_LAYERS: Final = {
    "duplicate_delivery": "delivered again",
    "duplicate_radio": "sent again by the device",
    "derived": "told in another form",
}


def _lines(standing: Standing) -> Iterator[str]:
    for one in standing.accounts:
        shown = {key: name for key, name in _OUTCOMES.items() if key != "expired" or one.counts.get(key)}
        parts = [f"{name.replace('_', ' ')} {one.counts.get(key, 0)}" for key, name in shown.items()]
        equals = "=" if one.balanced else "is not"
        yield f"{one.sink}: received {one.received} {equals} {' + '.join([*parts, f'in flight {one.in_flight}'])}"
        yield (
            f"  cursor {one.cursor}, backlog {one.backlog}, oldest message waits {one.oldest_s(standing.at_ns):.0f} s"
        )
        layers = [f"{text} {one.frames[label]}" for label, text in _LAYERS.items() if one.frames.get(label)]
        if layers:
            yield f"  duplicate frames: {', '.join(layers)}"
        gaps = one.gaps
        if gaps.frames or gaps.open:
            yield f"  never came: {gaps.frames} frames, {gaps.found} of them found later; {gaps.open} gaps open"
    kept = standing.kept
    trimmed = f", {kept.trimmed} before them are trimmed" if kept.trimmed else ""
    yield f"journal: {kept.messages} messages{trimmed}, {kept.bytes / 1e6:.1f} MB"
    for source, events in _by_source(standing.events):
        counts = ", ".join(f"{event.code.replace('_', ' ')} {event.count}" for event in events)
        last = max((event.last_ms for event in events if event.code == "message"), default=None)
        yield f"source {source}: {counts}; last message {_time(last) if last is not None else 'never'}"
    yield from (f"wrong: {sentence}" for sentence in standing.wrong)
