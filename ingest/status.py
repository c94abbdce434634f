"""The accounting at one moment: everything received is stored, a duplicate, a dead letter, or waits."""

from __future__ import annotations

from dataclasses import dataclass

from sinks.ports import Journal, Ledger


@dataclass(frozen=True, slots=True)
class Status:
    """Messages since the beginning, for one sink. `at_s`: a monotonic clock; `decoded` counts frames."""

    at_s: float
    received: int
    decoded: int
    stored: int
    duplicates: int
    dead_letters: int

    @property
    def backlog(self) -> int:
        """Received and not yet settled."""
        return self.received - self.stored - self.duplicates - self.dead_letters

    def rate(self, before: Status | None) -> float:
        """Messages received per second since an earlier moment."""
        if before is None or self.at_s <= before.at_s:
            return 0.0
        return (self.received - before.received) / (self.at_s - before.at_s)

    def line(self, before: Status | None = None) -> str:
        """One line for a terminal or a log."""
        return (
            f"received {self.received}  decoded {self.decoded}  stored {self.stored}  duplicates {self.duplicates}  "
            f"dead letters {self.dead_letters}  backlog {self.backlog}  {self.rate(before):.1f}/s"
        )


def take(journal: Journal, ledger: Ledger, sink: str, at_s: float) -> Status:
    """Read the books. The ledger first: what is settled later than that counts as backlog, never as missing."""
    counts, frames = ledger.counts(sink), ledger.frames(sink)
    return Status(
        at_s,
        received=journal.bounds()[1],
        decoded=frames.get("decoded", 0),
        stored=counts.get("stored", 0),
        duplicates=counts.get("duplicate", 0),
        dead_letters=counts.get("dead_letter", 0),
    )
