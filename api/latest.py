"""The newest values of all stations, read once for everybody."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from sinks.errors import SinkError
from sinks.model import Asset
from sinks.ports import Reader, Registry, Row, Selection

from .answers import Station
from .observations import PUBLISHED
from .settings import ApiSettings
from .stations import Published, station

_AHEAD_MS: Final = 300_000
"""A network's clock may run ahead of ours by this much before its values are taken for the future."""


@dataclass(frozen=True, slots=True)
class Board:
    """All stations as of one instant (Unix milliseconds), ordered by id."""

    as_of_ms: int
    stations: Mapping[str, Station]


@dataclass(frozen=True, slots=True)
class _Inventory:
    """The registry as it was at one revision."""

    revision: int
    assets: tuple[Asset, ...] = ()
    organisations: Mapping[str, str] = field(default_factory=dict)


class LatestValues:
    """A board shared by all requests and threads.

    The store is asked at most once per `latest_ttl_s` (0: each time anew), by one thread while the others wait for
    it. A failure is remembered as long as a success, so a store that is down is not stormed. A look that takes long
    is followed by a pause of twice its length, so many stations never cost more than a third of the time. The
    registry is read again when its revision rises.
    """

    def __init__(
        self,
        reader: Reader,
        registry: Registry,
        settings: ApiSettings,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._registry = registry
        self._settings = settings
        self._now_ms = now_ms
        self._clock = clock
        self._lock = Lock()
        self._inventory = _Inventory(revision=-1)
        self._board: Board | SinkError | None = None
        self._until = 0.0

    def board(self) -> Board:
        """The current board. Raises what the store or registry raised when it was last asked."""
        with self._lock:
            begun = self._clock()
            if self._board is None or begun >= self._until:
                self._board = self._try_to_read()
                self._until = self._next_look(begun)
            board = self._board
        if isinstance(board, SinkError):
            raise board
        return board

    def _next_look(self, begun: float) -> float:
        ended = self._clock()
        at_least = self._settings.latest_ttl_s
        return ended + max(at_least, 2 * (ended - begun)) if at_least else ended

    def _try_to_read(self) -> Board | SinkError:
        try:
            return self._read()
        except SinkError as error:
            return error

    def _read(self) -> Board:
        inventory = self._current_inventory()
        now_ms = self._now_ms()
        published = Published(
            now_ms=now_ms,
            stale_after_ms=self._settings.stale_after_s * 1000,
            properties=self._settings.public_properties,
            organisations=inventory.organisations,
        )
        rows = self._newest_rows(now_ms)
        stations = (station(asset, rows.get(asset.id, ()), published) for asset in inventory.assets)
        return Board(now_ms, {one.id: one for one in stations})

    def _newest_rows(self, now_ms: int) -> Mapping[str, Iterable[Row]]:
        by_asset: defaultdict[str, list[Row]] = defaultdict(list)
        from_ms = now_ms - self._settings.latest_window_s * 1000
        for measurement in PUBLISHED:
            for row in self._reader.latest(Selection(measurement, from_ms, now_ms + _AHEAD_MS)):
                by_asset[row.tags.get("asset_id", "")].append(row)
        return by_asset

    def _current_inventory(self) -> _Inventory:
        revision = self._registry.revision()
        if revision != self._inventory.revision:
            assets = sorted(self._registry.assets(), key=lambda asset: asset.id)
            names = {one.id: one.name for one in self._registry.organisations()}
            self._inventory = _Inventory(revision, tuple(assets), names)
        return self._inventory
