"""What happens at one source, gathered in memory and written down once a second: alarms as data, not only log lines."""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import Final

from sinks.errors import SinkError
from sinks.ports import Events, SourceEvent

OPEN: Final = 1 << 40
"""Seconds of an alarm that stands until `ended`."""
FLAPS: Final = 3
"""So many connections in a row that were ended as soon as they were made are no accident."""
SHORT_S: Final = 10.0
FLAPPING_WITHIN_S: Final = 120.0

log = logging.getLogger(__name__)


class Watch:
    """The events of one source. Its methods may be called from any thread and never fail."""

    def __init__(self, source: str, events: Events, silent_after_s: int) -> None:
        """`silent_after_s`: so long without a message is an alarm; 0 is never."""
        self._source, self._events, self._silent_after_s = source, events, silent_after_s
        self._lock = Lock()
        self._noted: dict[str, SourceEvent] = {}
        self._messages = self._counted = self._last_ns = 0
        self._moved_at = time.monotonic()
        self._silent = False
        self.ended("silent", "paused", "not_kept")  # of an earlier process

    def arrived(self, messages: int, arrived_ns: int) -> None:
        """Count messages: called for every read, so it does no more."""
        self._messages += messages
        self._last_ns = arrived_ns

    def note(self, code: str, detail: str = "", alarm_s: float = 0) -> None:
        """It happened once more; it is an alarm for so many seconds, `OPEN` until `ended`."""
        now = time.time_ns() // 1_000_000
        until = int(now + alarm_s * 1000) if alarm_s else 0
        self._gather(SourceEvent(self._source, code, 1, now, now, until, detail))

    def ended(self, *codes: str) -> None:
        """These alarms are over."""
        for code in codes:
            self._gather(SourceEvent(self._source, code, 0, 0, 0))

    def tick(self) -> None:
        """Look for silence, and write down what has gathered; to be called about once a second."""
        now = time.monotonic()
        fresh = self._messages - self._counted
        if fresh:
            self._counted += fresh
            self._moved_at = now
            last_ms = self._last_ns // 1_000_000
            self._gather(SourceEvent(self._source, "message", fresh, last_ms, last_ms))
            if self._silent:
                self._silent = False
                self.ended("silent")
        elif self._silent_after_s and not self._silent and now - self._moved_at > self._silent_after_s:
            self._silent = True
            log.error("%s: no message for %d s", self._source, self._silent_after_s)
            self.note("silent", f"no message for {self._silent_after_s} s", OPEN)
        self._write()

    def _write(self) -> None:
        """What cannot be written now is gathered further."""
        with self._lock:
            noted, self._noted = self._noted, {}
        if not noted:
            return
        try:
            self._events.record(list(noted.values()))
        except SinkError as error:
            log.warning("events of %s are not written down: %s", self._source, error)
            with self._lock:
                later, self._noted = self._noted, noted
            for event in later.values():
                self._gather(event)

    def _gather(self, event: SourceEvent) -> None:
        with self._lock:
            before = self._noted.get(event.code)
            self._noted[event.code] = event if before is None else _added(before, event)


def _added(one: SourceEvent, later: SourceEvent) -> SourceEvent:
    first, last = one.first_ms or later.first_ms, later.last_ms or one.last_ms
    return SourceEvent(
        *(one.source, one.code, one.count + later.count, first, last),
        later.alarm_until_ms,
        later.detail or one.detail,
    )


class Flapping:
    """Connections that are ended as soon as they were made: what two clients with one client id do to each other."""

    def __init__(self) -> None:
        self._connected_s = 0.0
        self._lost_s: list[float] = []

    def connected(self, now_s: float) -> None:
        """A connection was made. Times are of a monotonic clock."""
        self._connected_s = now_s

    def lost(self, now_s: float) -> bool:
        """The connection was lost; whether that has now happened too often too soon."""
        if now_s - self._connected_s > SHORT_S:
            self._lost_s.clear()
            return False
        self._lost_s = [then for then in self._lost_s if now_s - then < FLAPPING_WITHIN_S] + [now_s]
        return len(self._lost_s) >= FLAPS
