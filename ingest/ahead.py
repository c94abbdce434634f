"""Live values beside a backlog: what arrives while a sink catches up is shown at once, and settled in its turn.

The backlog is delivered in order, and only that is settled, so the books know nothing of this lane: what it writes is
written again when the order comes to it, which is the same row. A frame that a device sent twice must be known here
too, since its second row would stay: the lane remembers the frames that it has seen, and those just before it began.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from sinks.errors import SinkError
from sinks.ports import Feed, Journal, Store

from .pipeline import Unwrap, all_points, dedup_keys, frames, process, remembered
from .places import Places

BEHIND: Final = 10_000
"""Messages waiting, from which on a sink is catching up: a second of work and more."""
HELD_NS: Final = 10 * 1_000_000_000
"""How long the oldest of them must have waited: of a flood that is over in seconds, this lane would be a tenth more."""
PORTION: Final = 50
"""Messages shown after each batch of the backlog, at most: a tenth of the work. What else arrived waits its turn."""
LEAD_IN: Final = 150
"""Messages before the first shown whose frames are only remembered: a device repeats a frame within seconds."""
_REMEMBERED: Final = 100_000

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Ahead:
    """The lane of one sink. `journal`: the one that `feed` is of; its offsets have no holes."""

    journal: Journal
    feed: Feed
    store: Store
    places: Places
    unwrap: Unwrap
    clock_ns: Callable[[], int] = time.time_ns
    _after: int | None = None
    _memory: dict[str, int] = field(default_factory=dict)

    def show(self, settled: int) -> int:
        """Write what arrived since the last call, when the sink has settled only up to this offset and is far behind.

        The first call after falling behind shows the newest there are. Gives the number of messages shown. A store that
        does not take them is left to the delivery, which waits for it. Raises `Unavailable` of journal and books.
        """
        oldest, newest = self.journal.bounds()
        if newest - settled < BEHIND or not self._is_held_up(settled):
            self.rest()
            return 0
        if self._after is None:
            log.info(
                "%s is %d messages behind; what arrives now is shown beside them", self.store.name, newest - settled
            )
        known = oldest - 1 if self._after is None else self._after
        begin = max(known, newest - PORTION)
        self._remember(max(known, begin - LEAD_IN), begin)
        self._after = newest
        return self._write(begin, newest)

    def rest(self) -> None:
        """The sink has caught up: nothing need be remembered."""
        self._after = None
        self._memory.clear()

    def _is_held_up(self, settled: int) -> bool:
        """Whether the next message has waited for long."""
        waiting = self.journal.read(settled, 1)
        return bool(waiting) and self.clock_ns() - waiting[0].envelope.arrived_ns >= HELD_NS

    def _remember(self, after: int, through: int) -> None:
        """Frames that arrived and are not shown; what was shown or remembered before is known."""
        if after == through:
            return
        for frame in frames(self.journal.read(after, through - after), self.unwrap):
            self._memory.update(dedup_keys(frame))

    def _write(self, after: int, through: int) -> int:
        entries = self.journal.read(after, through - after)
        fates = process(entries, self.unwrap, self.places, self._seen)
        for fate in fates:
            self._memory.update(fate.keys)
        for key in list(islice(self._memory, max(0, len(self._memory) - _REMEMBERED))):
            del self._memory[key]
        try:
            self.store.write(all_points(fates))
        except SinkError:
            return 0
        return len(entries)

    def _seen(self, keys: Mapping[str, int]) -> Mapping[str, int]:
        return {**self.feed.seen(0, keys), **remembered(self._memory, keys)}
