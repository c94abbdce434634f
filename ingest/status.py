"""How the intake stands: one line for a terminal, and whether a sink moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sinks.books import Account, Accounting

_MOVES_WITHIN_S: Final = 2.0
"""A sink that takes batches at all takes one in this time; one that waits for its store does not."""
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Status:
    """One sink's account, and a monotonic clock at that moment."""

    at_s: float
    account: Account

    def rate(self, before: Status | None) -> float:
        """Messages received per second since an earlier moment."""
        if before is None or self.at_s <= before.at_s:
            return 0.0
        return (self.account.received - before.account.received) / (self.at_s - before.at_s)

    def line(self, before: Status | None = None) -> str:
        """One line for a terminal or a log."""
        one = self.account
        counts = f"stored {one.counts.get('stored', 0)}  duplicates {one.counts.get('duplicate', 0)}"
        return (
            f"received {one.received}  decoded {one.frames.get('decoded', 0)}  {counts}  "
            f"dead letters {one.counts.get('dead_letter', 0)}  backlog {one.in_flight}  {self.rate(before):.1f}/s"
            + ("" if one.balanced else f"  {imbalance(one)}")
        )


def imbalance(account: Account) -> str:
    """What is wrong with books that do not add up, as a sentence."""
    if account.missing > 0:
        return f"the books do not add up: nobody knows what became of {account.missing} messages"
    return f"the books do not add up: {-account.missing} messages more than were received"


def stands_still(books: Accounting, account: Account, longer_than_s: float) -> bool:
    """Whether the oldest message has waited longer than this, and the sink takes nothing while we look.

    After an outage the oldest message is old while its sink catches up; that is no standstill.
    """
    if account.oldest_s(time.time_ns()) <= longer_than_s:
        return False
    return not _within(_MOVES_WITHIN_S, lambda: books.ledger.cursor(account.sink) > account.cursor)


def _within(seconds: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_S)
    return True
