"""The feed of the journal on this machine: its file, the books beside it, and what tells that it has grown."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

from .gaps import SqliteGaps
from .ports import Batch, Bell, Journal, Ledger, Settlement
from .sqlite import connect, reported

_BUSY_S: Final = 0.003
_IDLE_S: Final = 0.05
_SHARE: Final = 20
"""A bell is looked at again after a twentieth of the time since it rang: who has waited long may wait a little longer.
333 looks a second cost 3 % of a core, 20 cost 0.3 %."""


class Turn:
    """Who delivers to a sink: one process at a time. The others stand by, and one of them goes on when it has ended.

    Two at a time would count a message twice, and each would miss what the other has seen. The file `path` is locked,
    so that the turn ends with the process, however that ends.
    """

    def __init__(self, path: Path) -> None:
        with reported(path):
            self._file = path.open("ab")
        self._mine = False

    def mine(self) -> bool:
        """Whether it is this process's turn, from now until it ends."""
        if not self._mine:
            with suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._mine = True
        return self._mine

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class LocalFeed:
    """`sinks.ports.Feed` over one journal with one lane, for one worker. `bell`: rings when somebody appends.

    `turn`: whether this worker may take messages; without one there is no other. What is remembered of the sink is
    read when the turn has come, not before. `gaps`: where the state of the counters stands; without, it begins anew.
    """

    journal: Journal
    ledger: Ledger
    sink: str
    bell: Bell = field(default_factory=Event)
    turn: Turn | None = None
    gaps: SqliteGaps | None = None

    def take(self, limit: int, timeout_s: float) -> Sequence[Batch]:
        if self.turn is not None and not self.turn.mine():
            time.sleep(timeout_s)
            return []
        after = self.ledger.cursor(self.sink)
        self.bell.clear()
        entries = self.journal.read(after, limit)
        if not entries and timeout_s:
            self.bell.wait(timeout_s)
            entries = self.journal.read(after, limit)
        if entries and entries[0].offset > after + 1:
            self._expire(after)
        return [Batch(0, 0, entries)] if entries else []

    def behind(self, batches: Sequence[Batch], limit: int) -> Sequence[Batch]:
        entries = self.journal.read(batches[-1].entries[-1].offset, limit)
        return [Batch(0, 0, entries)] if entries else []

    def _expire(self, after: int) -> None:
        """Account for what retention had trimmed before this sink was in the books, which is all it ever misses."""
        trimmed = self.journal.trimmed()
        if trimmed > after:
            self.ledger.settle(Settlement(self.sink, trimmed, counts={"expired": trimmed - after}))

    def seen(self, lane: int, keys: Mapping[str, int]) -> Mapping[str, int]:  # noqa: ARG002 there is one lane
        return self.ledger.seen(self.sink, keys)

    def states(self, lane: int) -> Sequence[tuple[int, bytes]]:  # noqa: ARG002 as above
        return self.gaps.states(self.sink) if self.gaps is not None else ()

    def settle(self, settled: Sequence[tuple[Batch, Settlement]]) -> None:
        for _, settlement in settled:
            self.ledger.settle(settlement)

    def close(self) -> None:
        self.ledger.close()
        self.journal.close()
        if self.gaps is not None:
            self.gaps.close()
        if self.turn is not None:
            self.turn.close()


class FileBell:
    """Rings when any process has written to a SQLite file, some milliseconds later.

    SQLite keeps a number that every commit of others changes and that costs some microseconds to ask for; it is looked
    at every 3 ms while messages come, and every 50 ms when none has come for a second.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path)
        self._version = 0
        self._rang_s = time.monotonic()

    def clear(self) -> None:
        self._version = self._look()

    def wait(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self._look() == self._version:
            now = time.monotonic()
            if now >= deadline:
                return False
            pause = min(max(_BUSY_S, (now - self._rang_s) / _SHARE), _IDLE_S)
            time.sleep(min(pause, deadline - now))
        self._rang_s = time.monotonic()
        return True

    def close(self) -> None:
        self._db.close()

    def _look(self) -> int:
        with reported(self._path):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])
