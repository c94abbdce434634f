"""How long the journal keeps what every sink has settled: by age, by size, in steps that hold up nobody.

An entry goes when it has been kept longer than asked for, or when the journal is larger than asked for and it is the
oldest. Always the beginning of the journal goes, never anything behind the cursor of a sink. Age is time in this
journal, told by marks that `run` sets: an imported file of last year counts from its import, and what was there before
the first mark counts from that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Final

from sinks.errors import SinkError
from sinks.journal import SqliteJournal
from sinks.ports import Ledger, Past
from sinks.storage import JournalSettings

STEP: Final = 500
"""Entries that go in one transaction: with 2.3 KB each it holds up an append for 13 ms (measured, median)."""
PAGES: Final = 50
"""Pages given back in one: 3 ms."""
EVERY_S: Final = 60.0
_DAY_NS: Final = 24 * 3600 * 10**9
_MB: Final = 1_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go: the entries from `oldest` through `through`; none when `through` is smaller.

    `too_old`, `too_large`: offsets through which the settings ask for it. `held_by`: the sink that has not settled
    what should go, "" when nothing is held.
    """

    oldest: int
    through: int
    too_old: int
    too_large: int
    held_by: str = ""

    @property
    def entries(self) -> int:
        """How many."""
        return max(0, self.through - self.oldest + 1)

    @property
    def held(self) -> int:
        """How many should go and must not yet."""
        return max(0, max(self.too_old, self.too_large) - max(self.through, self.oldest - 1))


def plan(journal: SqliteJournal, cursors: Mapping[str, int], wanted: JournalSettings, now_ns: int) -> Plan:
    """What the settings ask to go now (Unix nanoseconds), as far as these cursors allow. Raises `SinkError`."""
    oldest, newest = journal.bounds()
    too_old = journal.kept_before(now_ns - wanted.keep_days * _DAY_NS) if wanted.keep_days else 0
    too_large = 0
    size, most = journal.size(), wanted.max_mb * _MB
    if most and size > most and newest >= oldest:
        count = newest - oldest + 1
        too_large = oldest - 1 + -(-count * (size - most) // size)
    asked = max(too_old, too_large)
    last = min(cursors, key=lambda sink: cursors[sink], default="")
    settled = cursors.get(last, 0)
    held_by = last if asked > max(settled, oldest - 1) else ""
    return Plan(oldest, min(asked, settled), too_old, too_large, held_by)


def held(found: Plan) -> str | None:
    """Why the journal is larger than asked for, as a sentence; None when it is not."""
    if not found.held_by:
        return None
    what = "max_mb" if found.too_large > found.too_old else "keep_days"
    return (
        f"the journal is larger than journal.{what} asks for: {found.held_by} has not settled {found.held} messages "
        f"that should go; if it is used no more: `smartcity journal retire {found.held_by}`"
    )


def gone(past: Past, since_ns: int) -> str | None:
    """What retention has taken of the messages that arrived since then (Unix nanoseconds), as a sentence."""
    number, begins = 0, []
    for stretch in past.stretches(since_ns):
        first = past.read(stretch, 1) if stretch.gone else []
        if stretch.gone and not (first and first[0].envelope.arrived_ns <= since_ns):
            number += stretch.gone
            begins += [entry.envelope.arrived_ns for entry in first]
    if not number:
        return None
    said = f"the {number} oldest messages are no longer in the journal (journal.keep_days, journal.max_mb)"
    if not begins:
        return said
    return f"{said}: it is whole since {datetime.fromtimestamp(max(begins) // 10**9, UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class Retention:
    """A journal, the books, the sink that is used, also while it has settled nothing yet, and what is asked for."""

    journal: SqliteJournal
    ledger: Ledger
    sink: str
    wanted: JournalSettings

    def plan(self) -> Plan:
        """What would go now. Raises `SinkError`."""
        return plan(self.journal, {self.sink: 0} | self.ledger.cursors(), self.wanted, time.time_ns())

    def trim(self, found: Plan) -> Iterator[int]:
        """Let it go, one step for each value asked for: how many went. Raises `SinkError`."""
        last = found.oldest - 1
        if last < found.through:
            self.ledger.make_durable()
        while last < found.through:
            last = min(last + STEP, found.through)
            yield self.journal.trim(last)
        while self.journal.give_back(PAGES):
            yield 0

    def run(self, stop: Event) -> None:
        """Look once a minute until `stop`; between two steps as long a rest as the step took."""
        while not stop.wait(EVERY_S):
            try:
                self._look(stop)
            except SinkError as error:
                log.warning("the journal is not trimmed now: %s", error)

    def _look(self, stop: Event) -> None:
        self.journal.mark(time.time_ns())
        begun = time.monotonic()
        for _ in self.trim(self.plan()):
            if stop.wait(time.monotonic() - begun):
                return
            begun = time.monotonic()
