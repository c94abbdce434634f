"""Step two of the way: messages are on disk before their source hears that we have them.

Sources offer what they have read, as one parcel, from their own threads; one thread takes all that is there, appends it
to the journal in one transaction, and then tells each source, in order. While a commit runs, the next group gathers by
itself. A commit follows the one before by at least some milliseconds: at a thousand single messages a second that
saves most of the work, and at high rates it never waits, since a commit takes longer than that.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Event
from typing import Final, NamedTuple

from sinks.errors import SinkError
from sinks.model import Envelope
from sinks.ports import Appender

Kept = Callable[[], None]
"""Called once the parcel is durably in the journal; must not raise and must not wait."""

INBOX: Final = 2_000
GROUP: Final = 500
APART_S: Final = 0.002
TROUBLE_S: Final = 3.0
_LOOK_S: Final = 0.2
_RETRY_S: Final = 1.0

log = logging.getLogger(__name__)


class _Parcel(NamedTuple):
    envelopes: Sequence[Envelope]
    kept: Kept


class Keeper:
    """The inbox and the thread that empties it into the journal."""

    def __init__(self, journal: Appender, grown: Sequence[Event]) -> None:
        """Each of `grown` is set whenever the journal has grown, to wake those who read it."""
        self._journal = journal
        self._grown = grown
        self._inbox: deque[_Parcel] = deque()
        self._changed = Condition()
        self._waiting = 0
        self._committed_s = -math.inf
        self._refused_s: float | None = None
        self._refusal = ""

    def offer(self, envelopes: Sequence[Envelope], kept: Kept, stop: Event, within_s: float = math.inf) -> bool:
        """Hand over messages; waits while the inbox is full, which is how a source stops reading its socket.

        False when the time is up or we were told to stop first: then none of them is kept, and `kept` is never called.
        """
        deadline = time.monotonic() + within_s
        with self._changed:
            while self._waiting >= INBOX and not stop.is_set():
                if time.monotonic() >= deadline:
                    return False
                self._changed.wait(_LOOK_S)
            if stop.is_set():
                return False
            self._inbox.append(_Parcel(envelopes, kept))
            self._waiting += len(envelopes)
            self._changed.notify_all()
        return True

    @property
    def has_room(self) -> bool:
        """Whether a source that had to pause may go on: at half full, so that it does not pause again at once."""
        return self._waiting <= INBOX // 2

    @property
    def trouble(self) -> str | None:
        """Why the journal has taken nothing for some seconds though it should; None when all is well."""
        refused_s = self._refused_s
        return self._refusal if refused_s is not None and time.monotonic() - refused_s > TROUBLE_S else None

    @property
    def waiting(self) -> int:
        """Messages handed over and not yet kept."""
        return self._waiting

    def run(self, stop: Event) -> None:
        """Keep messages until `stop`; what is in the inbox then is still kept."""
        while not (stop.is_set() and not self._inbox):
            group = self._gather()
            if group and not self._append(group, stop):
                log.error("%d messages are not kept and not acknowledged: their sources send them again", _size(group))
                return

    def _gather(self) -> list[_Parcel]:
        pause = self._committed_s + APART_S - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        group: list[_Parcel] = []
        with self._changed:
            if not self._inbox:
                self._changed.wait(_LOOK_S)
            while self._inbox and _size(group) < GROUP:
                group.append(self._inbox.popleft())
        return group

    def _append(self, group: list[_Parcel], stop: Event) -> bool:
        envelopes = [envelope for parcel in group for envelope in parcel.envelopes]
        while True:
            try:
                self._journal.append(envelopes)
            except SinkError as error:
                log.error("the journal does not take messages: %s", error)  # noqa: TRY400 a sentence, no trace
                self._refused_s, self._refusal = self._refused_s or time.monotonic(), str(error)
                if stop.wait(_RETRY_S):
                    return False
                continue
            self._committed_s, self._refused_s = time.monotonic(), None
            for event in self._grown:
                event.set()
            for parcel in group:
                parcel.kept()
            with self._changed:
                self._waiting -= len(envelopes)
                self._changed.notify_all()
            return True


def _size(group: Sequence[_Parcel]) -> int:
    return sum(len(parcel.envelopes) for parcel in group)
