"""The live feed: one look at the board for all clients, and only while there are clients.

A client that falls behind gets the newest object of a station once, not every step on the way, so what waits for it
is never more than one event per station.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from sinks.errors import SinkError

from .answers import Station
from .errors import TooManyStreams
from .latest import Board
from .stations import Filter

_LOG = logging.getLogger(__name__)
_STORE: Final = "store"


@dataclass(frozen=True, slots=True)
class Event:
    """What is sent: `time_ms` is the time of the board that showed the change, `data` JSON."""

    name: str
    time_ms: int
    data: str


@dataclass(slots=True, eq=False)
class Subscription:
    """One client: what waits for it, by station id, oldest change first."""

    which: Filter
    waiting: dict[str, Event] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def put(self, key: str, event: Event) -> None:
        """Let an event wait, in place of an older one of the same station."""
        self.waiting.pop(key, None)
        self.waiting[key] = event
        self.wake.set()

    def take(self) -> list[Event]:
        """All that waits."""
        self.wake.clear()
        taken = list(self.waiting.values())
        self.waiting.clear()
        return taken


@dataclass(frozen=True, slots=True)
class _Seen:
    """A station as it was last sent, without its age; the event that told so."""

    station: Station
    event: Event


class Feed:
    """Tells clients which stations have changed. Belongs to one event loop."""

    def __init__(self, board: Callable[[], Board], interval_s: float, max_clients: int) -> None:
        self._board = board
        self._interval_s = max(interval_s, 0.05)
        self._max_clients = max_clients
        self._clients: set[Subscription] = set()
        self._seen: dict[str, _Seen] = {}
        self._reachable = True
        self._as_of_ms = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def clients(self) -> int:
        """How many listen now."""
        return len(self._clients)

    def subscribe(self, which: Filter, since_ms: int) -> Subscription:
        """A new client, told of all changes after `since_ms` (0: of every station). Raises `TooManyStreams`."""
        if len(self._clients) >= self._max_clients:
            raise TooManyStreams("As many clients listen as may; try again later or ask for /api/v1/latest.")
        client = Subscription(which)
        for key, seen in sorted(self._seen.items(), key=lambda item: item[1].event.time_ms):
            if seen.event.time_ms > since_ms and which.admits(seen.station):
                client.put(key, seen.event)
        self._clients.add(client)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._watch())
            self._task.add_done_callback(self._ended)
        return client

    async def events(self, client: Subscription) -> AsyncIterator[tuple[Event, bool]]:
        """Events of a client until the feed closes; True with the last event of one board.

        Only that one may carry an id: a client that comes back with it has missed nothing of that board.
        """
        while not client.closed:
            taken = client.take()
            following = [*(event.time_ms for event in taken[1:]), -1]
            for event, next_ms in zip(taken, following, strict=False):
                yield event, event.time_ms != next_ms
            await client.wake.wait()

    def leave(self, client: Subscription) -> None:
        """Forget a client; twice is once."""
        self._clients.discard(client)

    def close(self) -> None:
        """End all streams; their clients come back by themselves."""
        for client in self._clients:
            client.closed = True
            client.wake.set()

    async def _watch(self) -> None:
        while self._clients:
            await self._look()
            await asyncio.sleep(self._interval_s)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("the live feed has stopped", exc_info=error)
            self.close()

    async def _look(self) -> None:
        try:
            board = await asyncio.to_thread(self._board)
        except SinkError:
            self._tell_store(reachable=False)
            return
        self._tell_store(reachable=True)
        if board.as_of_ms != self._as_of_ms:
            self._as_of_ms = board.as_of_ms
            self._compare(board)

    def _compare(self, board: Board) -> None:
        for key, station in board.stations.items():
            ageless = msgspec.structs.replace(station, age_s=None)
            seen = self._seen.get(key)
            if seen is None or seen.station != ageless:
                event = Event("latest", board.as_of_ms, msgspec.json.encode(station).decode())
                self._seen[key] = _Seen(ageless, event)
                self._tell(key, event, ageless)
        for key in self._seen.keys() - board.stations.keys():
            gone = self._seen.pop(key)
            self._tell(key, Event("gone", board.as_of_ms, msgspec.json.encode({"id": key}).decode()), gone.station)

    def _tell(self, key: str, event: Event, station: Station) -> None:
        for client in self._clients:
            if client.which.admits(station):
                client.put(key, event)

    def _tell_store(self, *, reachable: bool) -> None:
        if reachable == self._reachable:
            return
        self._reachable = reachable
        event = Event(_STORE, self._as_of_ms, msgspec.json.encode({"reachable": reachable}).decode())
        for client in self._clients:
            client.put(f"\0{_STORE}", event)
