"""The accounting: received = stored + duplicates + dead letters + expired + in flight, for every sink, at any moment.

The two sides come from two files: what was received and what waits from the journal, what became of the rest from the
ledger. In flight is what the journal really holds beyond a sink's cursor, so a message that vanished from either file
is missing on one side, and shows. Expired is what retention had trimmed before a sink began; it never trims what a
sink that is in the books has not settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from .ports import Events, Gaps, Journal, Ledger

_LOOKS: Final = 5
"""The files are read one after the other while others write: only what never adds up is wrong."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Frames that devices sent, by their counters, and that did not come: so many, so many of those `found` later.

    `open`: gaps that may be filled yet, of the devices and of the sources.
    """

    frames: int = 0
    found: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What the journal holds: messages, bytes on disk, and how many were before them and have been trimmed."""

    messages: int
    bytes: int
    trimmed: int


@dataclass(frozen=True, slots=True)
class Account:
    """One sink's books at one moment; messages since the beginning.

    `counts`: messages by outcome. `frames`: frames by what they were. `cursor`: journal offset up to which it has
    settled. `in_flight`: messages in the journal beyond it. `waiting_since_ns`: arrival of the oldest of them, Unix
    nanoseconds. `gaps`: what never came to us, which is no part of the sum.
    """

    sink: str
    received: int
    counts: Mapping[str, int]
    frames: Mapping[str, int]
    cursor: int
    in_flight: int
    waiting_since_ns: int | None
    gaps: Missing = Missing()

    @property
    def backlog(self) -> int:
        """How many offsets its cursor is behind."""
        return max(0, self.received - self.cursor)

    @property
    def missing(self) -> int:
        """Messages of which nobody knows what became; negative: more were accounted for than were received."""
        return self.received - sum(self.counts.values()) - self.in_flight

    @property
    def balanced(self) -> bool:
        """Whether the books add up."""
        return self.missing == 0

    def oldest_s(self, now_ns: int) -> float:
        """Seconds that the oldest message in flight has waited; 0 when none waits."""
        return max(0, now_ns - self.waiting_since_ns) / 1e9 if self.waiting_since_ns is not None else 0.0


class Standings(Protocol):
    """How far each sink has come, and which reasons its dead letters have."""

    def cursor(self, sink: str) -> int:
        """As `Ledger.cursor`."""

    def cursors(self) -> dict[str, int]:
        """As `Ledger.cursors`."""

    def dead_letter_counts(self) -> dict[str, int]:
        """As `Letters.dead_letter_counts`."""


class Accounting(Protocol):
    """The accounting, wherever it is kept. Every method raises `Unavailable`."""

    @property
    def ledger(self) -> Standings:
        """What every sink has settled."""

    @property
    def events(self) -> Events:
        """What happened at the sources."""

    @property
    def gaps(self) -> Gaps:
        """What went missing on the way to us."""

    def kept(self) -> Kept:
        """How large the journal is."""

    def accounts(self) -> list[Account]:
        """Every sink that ever settled anything, by name."""

    def account(self, sink: str) -> Account:
        """One sink, also one that has settled nothing yet."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


@dataclass(frozen=True, slots=True)
class Books:
    """Journal, ledger, the sources' events and gap records side by side."""

    journal: Journal
    ledger: Ledger
    events: Events
    gaps: Gaps

    def close(self) -> None:
        """Close all of them. Twice is once."""
        for one in (self.journal, self.ledger, self.events, self.gaps):
            one.close()

    def kept(self) -> Kept:
        """How large the journal is. Raises `Unavailable`."""
        oldest, newest = self.journal.bounds()
        return Kept(newest - oldest + 1 if newest else 0, self.journal.size(), self.journal.trimmed())

    def accounts(self) -> list[Account]:
        """Every sink that ever settled anything, by name. Raises `Unavailable`."""
        return [self.account(sink) for sink in self.ledger.cursors()]

    def account(self, sink: str) -> Account:
        """One sink, also one that has settled nothing yet. Raises `Unavailable`."""
        for _ in range(_LOOKS):
            found = self._look(sink)
            if found.balanced:
                break
        sums = self.gaps.sums(sink)
        return replace(found, gaps=Missing(sums["missing"], sums["found"], self.gaps.open(sink)))

    def _look(self, sink: str) -> Account:
        """The ledger first: what is settled after that still counts as in flight."""
        cursor, counts, frames = self.ledger.cursor(sink), self.ledger.counts(sink), self.ledger.frames(sink)
        oldest, newest = self.journal.bounds()
        waiting = self.journal.read(cursor, 1)
        expired = self.journal.trimmed() - cursor
        if expired > 0:
            counts = {**counts, "expired": counts.get("expired", 0) + expired}
        return Account(
            sink,
            received=newest,
            counts=counts,
            frames=frames,
            cursor=cursor,
            in_flight=max(0, newest - max(cursor, oldest - 1)),
            waiting_since_ns=waiting[0].envelope.arrived_ns if waiting else None,
        )
