"""The past of the journal on this machine: one lane, as far as it is or as far as a sink has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .model import Entry
from .ports import Journal, Ledger, Stretch


@dataclass(frozen=True, slots=True)
class LocalPast:
    """`sinks.ports.Past` over one journal. Times are not looked for: a stretch begins with the oldest message."""

    journal: Journal
    ledger: Ledger

    def stretches(self, since_ns: int, sink: str = "") -> Sequence[Stretch]:  # noqa: ARG002 the port's words
        _, newest = self.journal.bounds()
        trimmed = self.journal.trimmed()
        return [Stretch(0, trimmed + 1, self.ledger.cursor(sink) if sink else newest, trimmed)]

    def read(self, stretch: Stretch, limit: int) -> list[Entry]:
        found = self.journal.read(stretch.first - 1, limit) if stretch.number else []
        return [entry for entry in found if entry.offset <= stretch.last]

    def close(self) -> None:
        self.ledger.close()
        self.journal.close()
