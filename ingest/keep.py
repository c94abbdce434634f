"""Step two of the way: a message is on disk before its source hears that we have it.

Sources offer envelopes from their own threads into one bounded inbox; one thread takes all that is there, appends it
to the journal in one transaction, and then tells each source, in order. It never waits for a batch to fill: while a
commit runs, the next batch gathers by itself.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from queue import Empty, Full, Queue
from threading import Event
from typing import Final

from sinks.errors import SinkError
from sinks.model import Envelope
from sinks.ports import Journal

Kept = Callable[[], None]
"""Called once the envelope is durably in the journal; must not raise and must not wait."""

INBOX: Final = 2_000
GROUP: Final = 500
_LOOK_S: Final = 0.2
_RETRY_S: Final = 1.0

log = logging.getLogger(__name__)


class Keeper:
    """The inbox and the thread that empties it into the journal."""

    def __init__(self, journal: Journal, grown: Sequence[Event]) -> None:
        """Each of `grown` is set whenever the journal has grown, to wake those who read it."""
        self._journal = journal
        self._grown = grown
        self._inbox: Queue[tuple[Envelope, Kept]] = Queue(INBOX)

    def offer(self, envelope: Envelope, kept: Kept, stop: Event, within_s: float = math.inf) -> bool:
        """Hand over a message; waits while the inbox is full, which is how a source stops reading its socket.

        False when the time is up or we were told to stop first: then the message is not kept, and `kept` is never
        called.
        """
        deadline = time.monotonic() + within_s
        while not stop.is_set():
            try:
                self._inbox.put((envelope, kept), timeout=_LOOK_S)
            except Full:
                if time.monotonic() >= deadline:
                    return False
                continue
            return True
        return False

    @property
    def has_room(self) -> bool:
        """Whether a source that had to pause may go on: at half full, so that it does not pause again at once."""
        return self._inbox.qsize() <= INBOX // 2

    @property
    def waiting(self) -> int:
        """Messages handed over and not yet kept."""
        return self._inbox.qsize()

    def run(self, stop: Event) -> None:
        """Keep messages until `stop`; what is in the inbox then is still kept."""
        while not (stop.is_set() and self._inbox.empty()):
            group = self._gather()
            if group and not self._append(group, stop):
                log.error("%d messages are not kept and not acknowledged: their sources send them again", len(group))
                return

    def _gather(self) -> list[tuple[Envelope, Kept]]:
        group: list[tuple[Envelope, Kept]] = []
        try:
            group.append(self._inbox.get(timeout=_LOOK_S))
            while len(group) < GROUP:
                group.append(self._inbox.get_nowait())
        except Empty:
            pass
        return group

    def _append(self, group: list[tuple[Envelope, Kept]], stop: Event) -> bool:
        envelopes = [envelope for envelope, _ in group]
        while True:
            try:
                self._journal.append(envelopes)
            except SinkError as error:
                log.error("the journal does not take messages: %s", error)  # noqa: TRY400 a sentence, no trace
                if stop.wait(_RETRY_S):
                    return False
                continue
            for event in self._grown:
                event.set()
            for _, kept in group:
                kept()
            return True
