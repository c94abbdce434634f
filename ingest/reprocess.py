"""The journal's messages through today's decoders once more: what would change in the store, and the change itself.

Goes through the journal lane by lane, in batches beside the running intake, never further than the intake had come at
the start. Its place and the frames it has seen stand in books of its own, settled after each batch was written: stopped
at any moment, it goes on where it was. Only rows that differ are written, as whole rows, so a second run finds nothing
to do.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Final

import decoders
from decoders import Decoder
from sinks.errors import Refused
from sinks.guard import admit, now_ms
from sinks.influxdb.schema import FRAMES
from sinks.model import Envelope, Point
from sinks.ports import (
    Batch,
    Ledger,
    Past,
    Reader,
    Registry,
    Rejected,
    Row,
    Selection,
    Store,
    Stretch,
    series_key,
)
from sinks.storage import Storage

from .deliver import settlement
from .difference import Difference, key_of, merged
from .networks.model import Uplink
from .pipeline import REDELIVERY_MS, Fate, Unwrap, all_points, process
from .places import Places
from .site import Find

BATCH: Final = 1_000
BOOK: Final = "reprocess"
_PAGE: Final = 5_000
_NS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """Which messages: of these devices, arrived at or after `since_ns` and before `until_ns` (Unix nanoseconds).

    `asset`: only rows of this asset, "" for all.
    """

    devices: frozenset[str]
    since_ns: int
    until_ns: int
    asset: str = ""

    @property
    def begin_ns(self) -> int:
        """What came in from here on is looked at: the day before too, since a later message may be its duplicate."""
        return self.since_ns - REDELIVERY_MS * _NS

    def needs(self, envelope: Envelope) -> bool:
        """Whether it is looked at."""
        return self.begin_ns <= envelope.arrived_ns < self.until_ns


def devices_of(registry: Registry, model: str, device: str, asset: str, find: Find = decoders.find) -> frozenset[str]:
    """DevEUIs of this model (its decoder's key), device and asset, "" meaning any. Raises `Refused` for none."""
    there = {stood.dev_eui for stood in registry.installations() if stood.asset_id == asset}
    found = frozenset(
        known.dev_eui
        for known in registry.devices()
        if device in {"", known.dev_eui} and (not asset or known.dev_eui in there) and _is_of(find(known.model), model)
    )
    if not found:
        raise Refused("no device is registered with this model, DevEUI and asset; see `smartcity devices list`")
    return found


def _is_of(decoder: Decoder | None, model: str) -> bool:
    return not model or (decoder is not None and decoder.key == model)


def work(choice: Choice, registry: Registry, journal: str, sink: str, find: Find = decoders.find) -> dict[str, str]:
    """What a run does, as far as its result depends on it: another call is other work and begins anew."""
    models = {known.model for known in registry.devices() if known.dev_eui in choice.devices}
    read_by = {f"{decoder.key}/{decoder.revision}" for model in models if (decoder := find(model)) is not None}
    return {
        "devices": " ".join(sorted(choice.devices)),
        "asset": choice.asset,
        "arrived_ns": f"{choice.since_ns} to {choice.until_ns}",
        "journal": journal,
        "sink": sink,
        "decoders": " ".join(sorted(read_by)),
        "registry": str(registry.revision()),
    }


def book_of(lane: int) -> str:
    """Under which name the place in a lane stands in the books of a run."""
    return f"{BOOK}/{lane}"


def rests(stretches: Sequence[Stretch], books: Ledger) -> list[Stretch]:
    """What an interrupted run has left of them."""
    cursors = books.cursors()
    return [one.behind(cursors[book]) if (book := book_of(one.lane)) in cursors else one for one in stretches]


def through(past: Past, stretches: Sequence[Stretch], limit: int) -> Iterator[Batch]:
    """All their messages, lane after lane, some at a time."""
    for stretch in stretches:
        rest = stretch
        while entries := past.read(rest, limit):
            yield Batch(rest.lane, 0, entries)
            rest = rest.behind(entries[-1].offset)


@dataclass(slots=True)
class Report:
    """What was found. `letters`: reason to number of frames, or of values, that today's code refuses."""

    messages: int = 0
    duplicates: int = 0
    written: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    difference: Difference = field(default_factory=Difference)


@dataclass(frozen=True, slots=True)
class Reprocessing:
    """Everything that one run works with. `store` is None for a dry run; `books` are its own."""

    past: Past
    places: Places
    reader: Reader
    store: Store | None
    books: Ledger
    unwrap: Unwrap
    choice: Choice

    def run(self, stretches: Sequence[Stretch], stop: Event, done: Callable[[int], None]) -> Report:
        """All of these, or until `stop`; `done` hears of how many messages more. Raises `SinkError`."""
        report = Report()
        for batch in through(self.past, stretches, BATCH):
            book = book_of(batch.lane)
            chosen = [entry for entry in batch.entries if self.choice.needs(entry.envelope)]
            fates = process(chosen, self._frames, self.places, partial(self.books.seen, book))
            rejected = self._take([fate for fate in fates if self._is_asked_for(fate)], report)
            self.books.settle(replace(settlement(book, batch.entries, fates, rejected), dead_letters=()))
            done(len(batch.entries))
            if stop.is_set():
                break
        return report

    def _frames(self, envelope: Envelope) -> Sequence[Uplink]:
        devices = self.choice.devices
        return [uplink for uplink in self.unwrap(envelope) if (uplink.dev_eui or uplink.device_key) in devices]

    def _is_asked_for(self, fate: Fate) -> bool:
        return fate.frame.entry.envelope.arrived_ns >= self.choice.since_ns

    def _take(self, fates: Sequence[Fate], report: Report) -> Sequence[Rejected]:
        """Compare, count, write. Gives what can never be stored."""
        report.messages += len({fate.frame.entry.offset for fate in fates})
        report.duplicates += sum(fate.outcome == "duplicate" for fate in fates)
        report.letters.update(letter.reason for fate in fates for letter in fate.letters)
        points, rejected = admit(merged(self._of_asset(all_points(fates))).values(), now_ms())
        changed = list(self._differing(points, fates, report.difference))
        if self.store is not None and changed:
            written = self.store.write(changed)
            report.written += written.accepted
            rejected += written.rejected
        report.letters.update(f"write/{refused.code}" for refused in rejected)
        return rejected

    def _of_asset(self, points: Iterable[Point]) -> Iterator[Point]:
        return (point for point in points if self.choice.asset in {"", point.series.asset_id})

    def _differing(self, points: Iterable[Point], fates: Sequence[Fate], difference: Difference) -> Iterator[Point]:
        made = {(point.series, point.time_ms): point for point in points}
        mine = {fate.frame.entry.offset for fate in fates if fate.outcome != "duplicate"}
        there = {}
        for row in self._stored(_spans(fates)):
            key = key_of(row)
            if key in made:
                there[key] = row.fields
            elif row.fields.get("offset") in mine and self.choice.asset in {"", row.tags["asset_id"]}:
                difference.take_stale(row)
        for key, point in made.items():
            needed = difference.take(point, there.get(key))
            if needed is not None:
                yield needed

    def _stored(self, spans: Mapping[str, tuple[int, int]]) -> Iterator[Row]:
        for device, (first, last) in spans.items():
            for measurement in FRAMES:
                yield from _pages(self.reader, Selection(measurement, first, last + 1, device_id=device))


def _spans(fates: Iterable[Fate]) -> dict[str, tuple[int, int]]:
    """Device to the first and last time at which its frames may have rows, Unix milliseconds."""
    spans: dict[str, tuple[int, int]] = {}
    for fate in fates:
        device = fate.frame.device
        if device is not None and fate.outcome != "duplicate":
            times = (*spans.get(device, ()), fate.frame.received_ms, *(point.time_ms for point in fate.points))
            spans[device] = min(times), max(times)
    return spans


def _pages(reader: Reader, selection: Selection) -> Iterator[Row]:
    after: tuple[int, str] | None = None
    while rows := reader.rows(selection, after, _PAGE):
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1].time_ms, series_key(rows[-1].tags)


@contextmanager
def own_books(data: Path, work: Mapping[str, str]) -> Iterator[Ledger]:
    """Books of this work in the data folder: those that an interrupted run of the same work left, or new ones.

    They go away with `finish`. Raises `Refused` while another run has them.
    """
    folder = data / BOOK
    with _alone(data):
        name, text = folder / "work.json", json.dumps(dict(work), sort_keys=True)
        if not name.exists() or name.read_text("utf-8") != text:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            name.write_text(text, "utf-8")
        with closing(Storage(data=folder).open_ledger()) as ledger:
            yield ledger


def finish(data: Path) -> None:
    """Put the books of finished work away."""
    shutil.rmtree(data / BOOK)


@contextmanager
def passing_books() -> Iterator[Ledger]:
    """Books that nobody needs afterwards, for a dry run."""
    with TemporaryDirectory(prefix="smartcity-") as name, closing(Storage(data=Path(name)).open_ledger()) as ledger:
        yield ledger


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    with (data / f"{BOOK}.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused("another `smartcity reprocess` runs on this data folder: wait until it has ended") from None
        yield
