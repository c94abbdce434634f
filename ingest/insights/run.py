"""Beside the delivery, never in its way: read what is new, derive, write; again every minute.

Nothing is kept here that the store does not have: a start reads the last days and the events that were found before.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from threading import Event
from typing import Final

from ingest.derive.window import DAY_MS, HOUR_MS
from sinks.errors import SinkError
from sinks.model import Point
from sinks.ports import Reader, Row, Selection, Store, series_key

from .directory import Directory
from .memory import Memory
from .operation import Operation
from .points import events, installations, span_mm, states, told
from .settings import DeriveSettings

HISTORY_MS: Final = {"bin_level": 3 * DAY_MS, "soil": 8 * DAY_MS, "device_status": DAY_MS}
"""How much of what frames said a start reads."""
EVENTS_MS: Final = 90 * DAY_MS
OVERLAP_MS: Final = 120_000
"""A look begins so long before the last one: a row's time is its reception, and it is stored a little later."""
LATE_LOOK_MS: Final = 15 * 60_000
"""So often a look goes back as far as a row may come late."""
PAGE: Final = 5_000
_BATCH: Final = 500
"""Rows in one write: a store that serves one writer at a time is given back to the delivery after each."""

log = logging.getLogger(__name__)


def pages(reader: Reader, measurement: str, from_ms: int, to_ms: int) -> Iterator[Sequence[Row]]:
    """All rows of a time, in order. Raises `Unavailable`."""
    selection, after = Selection(measurement, from_ms, to_ms), None
    while page := reader.rows(selection, after, PAGE):
        yield page
        if len(page) < PAGE:
            return
        after = page[-1].time_ms, series_key(page[-1].tags)


class Insights:
    """Derives from a reader into a store."""

    def __init__(self, reader: Reader, store: Store | None, directory: Directory) -> None:
        """`store`: None writes nothing."""
        self._reader = reader
        self._store = store
        self._directory = directory
        self._owes_installations = True
        self.memory = Memory(partial(span_mm, directory))
        self.written: Counter[str] = Counter()

    def begin(self, now_ms: int) -> None:
        """Read the past that the present needs, and the newest sign of devices that are silent longer."""
        self._directory.refresh()
        self.memory = Memory(partial(span_mm, self._directory))
        for page in pages(self._reader, "asset_event", now_ms - EVENTS_MS, now_ms + 1):
            for row in page:
                self.memory.recall(row)
        for measurement, history_ms in HISTORY_MS.items():
            self.read(measurement, now_ms - history_ms, now_ms + 1)
            for row in self._reader.latest(Selection(measurement, now_ms - EVENTS_MS, now_ms + 1)):
                self.memory.take(row)

    def read(self, measurement: str, from_ms: int, to_ms: int) -> None:
        """Take all rows of a time. Raises `Unavailable`."""
        for page in pages(self._reader, measurement, from_ms, to_ms):
            for row in page:
                self.memory.take(row)

    def look(self, from_ms: int, now_ms: int) -> None:
        """Take what was stored with a time from then on, derive, write. Raises `Unavailable`."""
        self._owes_installations |= self._directory.refresh()
        for measurement in HISTORY_MS:
            self.read(measurement, from_ms, now_ms + 1)
        self.memory.settle()
        self.write(events(self._directory, self.memory))
        told(self.memory)
        self.write(states(self._directory, self.memory, now_ms))
        if self._owes_installations:
            known = list(installations(self._directory))
            self.write(point for point in known if point.time_ms <= now_ms)
            self._owes_installations = any(point.time_ms > now_ms for point in known)

    def write(self, points: Iterable[Point]) -> None:
        """Write them, few at a time. Raises `Unavailable`."""
        rest = iter(points)
        while batch := list(islice(rest, _BATCH)):
            self.written.update(_name(point) for point in batch)
            if self._store is None:
                continue
            rejected = self._store.write(batch).rejected
            if rejected:
                log.warning("%d derived rows were not taken, e.g. %s", len(rejected), rejected[0].detail)


def _name(point: Point) -> str:
    code = point.fields.get("code")
    return f"{point.series.measurement} {code}" if code else point.series.measurement


class Rounds:
    """Looks every so often until told to stop; what is away is waited for."""

    def __init__(self, insights: Insights, operation: Operation, sink: str, settings: DeriveSettings) -> None:
        """`sink`: name of the store in the books."""
        self._insights = insights
        self._operation = operation
        self._sink = sink
        self._settings = settings
        self._from_ms: int | None = None
        self._late_ms = 0
        self._away = ""

    def run(self, stop: Event, clock: Callable[[], int]) -> None:
        """`clock`: Unix milliseconds."""
        while not stop.is_set():
            began = time.monotonic()
            self.attempt(clock())
            stop.wait(max(0.0, self._settings.every_s - (time.monotonic() - began)))

    def attempt(self, now_ms: int) -> bool:
        """One look; False when something was away, which is said once."""
        try:
            self.look(now_ms)
        except SinkError as error:
            if str(error) != self._away:
                log.warning("nothing is derived for now: %s", error)
            self._away = str(error)
            return False
        if self._away:
            log.warning("derived again")
        self._away = ""
        return True

    def look(self, now_ms: int) -> None:
        """From where the last look ended, or the oldest message waited that it did not see, on. Raises `SinkError`."""
        waiting_ms = self._operation.waiting_since_ms(self._sink)
        from_ms = self._from_ms
        if from_ms is None:
            self._insights.begin(now_ms)
            from_ms = now_ms
        if now_ms - self._late_ms >= LATE_LOOK_MS:
            from_ms = min(from_ms, now_ms - int(self._settings.look_back_s * 1000))
            self._late_ms = now_ms
        self._insights.look(max(from_ms - OVERLAP_MS, now_ms - DAY_MS), now_ms)
        self._from_ms = min(now_ms, waiting_ms if waiting_ms is not None else now_ms)
        self._insights.write(self._operation.points(now_ms))


def again(insights: Insights, since_ms: int, until_ms: int, progress: Callable[[int], None], stop: Event) -> None:
    """Derive a time that is over once more, hour by hour as it was then. `progress`: hours done."""
    insights.begin(since_ms)
    begin = since_ms - since_ms % HOUR_MS
    for number, hour_ms in enumerate(range(begin, until_ms, HOUR_MS), 1):
        if stop.is_set():
            return
        insights.look(hour_ms, min(hour_ms + HOUR_MS, until_ms) - 1)
        progress(number)
