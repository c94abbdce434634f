"""From the journal into one store: a loop of its own for every sink, over a feed of its own.

A batch is settled only after its store has taken it. While the store is away nothing is settled, so nothing is lost
and no other sink waits; the backlog is what the journal holds beyond what is settled. While the store takes one batch,
the next is processed; one at a time is on its way, and they are settled in order.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from threading import Event
from typing import Final

from msgspec import structs

from sinks.errors import Refused, SinkError, Unavailable
from sinks.model import Entry, Point
from sinks.ports import Batch, Feed, Rejected, Settlement, Store, Written

from .ahead import Ahead
from .gaps import GapFinders
from .pipeline import Fate, Unwrap, all_points, dead_letter, process, remembered
from .places import Places

BATCH: Final = 500
"""Messages at once; of two such batches everything is in memory."""
IDLE_S: Final = 0.25
"""How long to wait for messages before looking whether we are to stop, and whether anybody appended unheard."""
BUSY_PER_S: Final = 12_500
"""Messages a second, from which on a batch follows the one before at once; slower ones wait for some more."""
RETRY_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
REFUSED_S: Final = 15.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Begun:
    """Batches that are processed and on their way into the store.

    `written`: gives what the store says, when it has said it. `known`: by lane, what their frames are known by.
    """

    batches: Sequence[Batch]
    fates: Sequence[Sequence[Fate]]
    written: Callable[[], Written | None]
    known: Mapping[int, Mapping[str, int]]

    @property
    def number(self) -> int:
        """Of messages."""
        return _number(self.batches)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Everything that one sink's loop works with. `ahead`: the lane for live values, where the journal has one."""

    store: Store
    feed: Feed
    places: Places
    unwrap: Unwrap
    gaps: GapFinders = field(default_factory=GapFinders)
    ahead: Ahead | None = None
    writer: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1, "writer"))

    def run(self, stop: Event) -> None:
        """Deliver until `stop` is set."""
        begun: _Begun | None = None
        while begun is not None or not stop.is_set():
            try:
                begun = self._go_on(begun, stop)
            except SinkError as error:
                begun = None  # what was begun is taken again
                log.warning("%s: %s", self.store.name, error)
                stop.wait(RETRY_S[-1])

    def deliver_batch(self, stop: Event, wait_s: float = 0.0) -> int:
        """Take the next messages all the way; gives their number, 0 when none came or they had to be left for later."""
        batches = self.feed.take(BATCH, wait_s)
        return self._finish(self._begin(batches, None, stop)) if batches else 0

    def _go_on(self, begun: _Begun | None, stop: Event) -> _Begun | None:
        """Begin what follows, and then finish what was begun: the store works meanwhile, and nobody waits for it.

        Gives what is on its way now. A batch that is not full is finished at once, since nothing follows it.
        """
        if begun is None:
            batches = self.feed.take(BATCH, IDLE_S)
        else:
            batches = [] if stop.is_set() else self.feed.behind(begun.batches, BATCH)
        following = self._begin(batches, begun, stop) if batches else None
        if begun is not None and not self._finish(begun):
            return None
        if following is None or following.number >= BATCH:
            return following
        if self._finish(following) < BUSY_PER_S * self.store.apart_s:
            stop.wait(self.store.apart_s)
        return None

    def _begin(self, batches: Sequence[Batch], before: _Begun | None, stop: Event) -> _Begun:
        """Process these batches, and hand them to the writer when they are full: changing threads for a few costs more.

        `before`: what is not settled yet.
        """
        self.places.refresh()
        fates: list[Sequence[Fate]] = []
        known: dict[int, dict[str, int]] = {}
        for batch in batches:
            seen = partial(self._seen, batch.lane, before.known.get(batch.lane, {}) if before is not None else {})
            some = process(batch.entries, self.unwrap, self.places, seen)
            fates.append(some)
            known[batch.lane] = {key: until for fate in some for key, until in fate.keys.items()}
        write = partial(self._write, all_points(chain.from_iterable(fates)), stop)
        written = self.writer.submit(write).result if _number(batches) >= BATCH else write
        return _Begun(batches, fates, written, known)

    def _finish(self, begun: _Begun) -> int:
        """Settle what the store has taken; gives the number of messages, 0 when it had not decided before the stop."""
        written = begun.written()
        if written is None:
            return 0
        sink, pairs = self.store.name, list(zip(begun.batches, begun.fates, strict=True))
        taken = [
            replace(settlement(sink, batch.entries, some, written.rejected), gaps=self.gaps.note(batch, some))
            for batch, some in pairs
        ]
        self.feed.settle(list(zip(begun.batches, taken, strict=True)))
        self.gaps.settled()
        if self.ahead is not None:
            if begun.number < BATCH:  # there was no more: the journal need not be asked how far behind we are
                self.ahead.rest()
            else:
                self.ahead.show(taken[-1].through)
        return begun.number

    def _seen(self, lane: int, earlier: Mapping[str, int], keys: Mapping[str, int]) -> Mapping[str, int]:
        """The books, and the batch that is not in them yet."""
        return {**self.feed.seen(lane, keys), **remembered(earlier, keys)}

    def _write(self, points: Sequence[Point], stop: Event) -> Written | None:
        """Write until the store has decided; None when we were asked to stop before it had."""
        if not points:
            return Written(0)
        attempt = 0
        while not stop.is_set():
            try:
                return self.store.write(points)
            except Unavailable as error:
                pause = error.retry_after or RETRY_S[min(attempt, len(RETRY_S) - 1)]
                log.warning("%s is away: %s; trying again in %g s", self.store.name, error, pause)
            except Refused as error:
                pause = REFUSED_S
                log.error("%s refuses: %s; nothing is lost, trying again in %g s", self.store.name, error, pause)  # noqa: TRY400 a sentence, no trace
            attempt += 1
            stop.wait(pause)
        return None


def _number(batches: Sequence[Batch]) -> int:
    return sum(len(batch.entries) for batch in batches)


def settlement(sink: str, entries: Sequence[Entry], fates: Sequence[Fate], rejected: Sequence[Rejected]) -> Settlement:
    """What the books take down of a batch: one outcome a message, its letters, and what to remember.

    A frame of which the store took nothing is a dead letter and is not remembered, so that a replay is no duplicate.
    `rejected`: of the whole write, in which other batches may have had a part.
    """
    letters = [letter for fate in fates for letter in fate.letters]
    owners = {(p.series, p.time_ms): fate for fate in fates for p in fate.points} if rejected else {}
    lost: Counter[tuple[int, int]] = Counter()
    for refusal in rejected:
        fate = owners.get((refusal.point.series, refusal.point.time_ms))
        if fate is None:
            continue
        letters.append(dead_letter(fate.frame, f"write/{refusal.code}", refusal.detail))
        if refusal.field is None:
            lost[fate.frame.entry.offset, fate.frame.part] += 1
    final = [_after_write(fate, lost[fate.frame.entry.offset, fate.frame.part]) for fate in fates] if lost else fates
    now_ms = time.time_ns() // 1_000_000
    return Settlement(
        sink,
        through=entries[-1].offset,
        seen={key: until for fate in final if fate.outcome == "stored" for key, until in fate.keys.items()},
        dead_letters=[replace(letter, sink=sink, created_ms=now_ms) for letter in letters],
        counts=_count_messages(entries, final),
        frames=Counter(fate.label for fate in final),
        forget_before_ms=min((fate.frame.received_ms for fate in final), default=0),
    )


def _after_write(fate: Fate, lost: int) -> Fate:
    if not fate.points or lost < len(fate.points):
        return fate
    return structs.replace(fate, outcome="dead_letter", label="dead_letter")


def _count_messages(entries: Sequence[Entry], fates: Sequence[Fate]) -> dict[str, int]:
    """Every message once: stored when anything of it was, else a dead letter, else a duplicate."""
    if len(fates) == len(entries):  # a message has at least one frame, so each has this one
        return Counter(fate.outcome for fate in fates)
    outcomes: dict[int, set[str]] = {entry.offset: set() for entry in entries}
    for fate in fates:
        outcomes[fate.frame.entry.offset].add(fate.outcome)
    ranked = ("stored", "dead_letter", "duplicate")
    return Counter(next((o for o in ranked if o in found), "duplicate") for found in outcomes.values())
