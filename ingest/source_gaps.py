"""Gap records of the sources: a broker that forgot our session, a source that fell silent. Made of their events."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from threading import Event
from typing import Final

from sinks.errors import SinkError
from sinks.model import Gap
from sinks.ports import Events, Gaps, SourceEvent

from .gaps import GIVE_UP_MS

EVERY_S: Final = 10.0
_MOST: Final = 1_000

log = logging.getLogger(__name__)


def source_gaps(
    events: Sequence[SourceEvent], known: Sequence[Gap], last_ms: Mapping[str, int], now_ms: int
) -> Iterator[Gap]:
    """Gaps that are new or have changed. `events`: by source. `last_ms`: newest message of each source before these.

    How much is missing nobody knows: while we had no session a broker keeps nothing for us, and a source that is silent
    may have had nothing to say.
    """
    for source, own in groupby(events, key=lambda event: event.source):
        codes = {event.code: event for event in own}
        signs = [codes[code].last_ms for code in ("message", "disconnected") if code in codes]
        lost, silent = codes.get("session_lost"), codes.get("silent")
        is_known = lost and any(g.source == source and g.to_ms == lost.last_ms for g in known)
        if lost and not is_known and lost.last_ms >= now_ms - GIVE_UP_MS:
            before = [sign for sign in (*signs, last_ms.get(source, 0)) if 0 < sign <= lost.last_ms]
            yield Gap(source, "", "session_lost", max(before, default=lost.last_ms), lost.last_ms)
        if silent and silent.alarm_until_ms > now_ms:
            last = codes["message"].last_ms if "message" in codes else silent.last_ms
            yield Gap(source, "", "silent", last, now_ms)
    for gap in known:
        if gap.state == "open" and gap.to_ms < now_ms - GIVE_UP_MS:
            yield replace(gap, state="given_up")


@dataclass(slots=True)
class SourceWatch:
    """Turns what happens at the sources into gap records."""

    events: Events
    gaps: Gaps
    _last_ms: dict[str, int] = field(default_factory=dict)

    def run(self, stop: Event) -> None:
        """Look every ten seconds until `stop`."""
        while True:
            try:
                self.look(time.time_ns() // 1_000_000)
            except SinkError as error:
                log.warning("gaps of the sources are not written down: %s", error)
            if stop.wait(EVERY_S):
                return

    def look(self, now_ms: int) -> None:
        """Write down what is new at this time (Unix milliseconds). Raises `SinkError`."""
        events = self.events.all()
        known = self.gaps.find("", since_ms=now_ms - 2 * GIVE_UP_MS, limit=_MOST)
        self.gaps.record(list(source_gaps(events, known, self._last_ms, now_ms)))
        self._last_ms |= {event.source: event.last_ms for event in events if event.code == "message"}
