"""Points into InfluxDB, each batch answered for: stored, rejected with its reason, or still ours to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from threading import Lock
from typing import Final

from influxdb_client.rest import ApiException

from sinks.errors import SinkError
from sinks.guard import DEFAULTS, Limits, admit, now_ms
from sinks.influxdb.connection import Connection
from sinks.influxdb.delivery import Delivery, Item
from sinks.influxdb.lines import line
from sinks.influxdb.session import Session
from sinks.model import Point
from sinks.ports import Written

BATCH: Final = 1000
"""Lines in one request: more is no faster and ten times slower to answer."""

LARGEST: Final = 4 * 1024 * 1024
"""Bytes in one request: the server holds a body in memory many times over, and 1.x takes 25 MB at most."""

PATIENCE: Final = 5
"""Times that the same batch may meet a 500 before it is taken apart."""


class InfluxStore:
    """A `Store`. Threads that write wait for each other; nothing is kept here between two writes."""

    name = "influxdb"
    apart_s = 0.02  # a request: at 1,000 rows a second 5 ms apart cost the server 380 µs a row, 20 ms apart 240

    def __init__(
        self, connection: Connection, clock: Callable[[], int] = now_ms, limits: Limits = DEFAULTS, batch: int = BATCH
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._batch = batch
        # The client's batching writer loses data on exit and tells nobody what became of a line; this one answers.
        self._session = Session(connection)
        self._failing = (0, 0)
        self._lock = Lock()

    def write(self, points: Sequence[Point]) -> Written:
        admitted, rejected = admit(points, self._clock(), self._limits)
        items = [(point, line(point)) for point in admitted]
        accepted = 0
        with self._lock, self._session.errors():
            for request in _requests(items, self._batch):
                delivery = self._deliver(request)
                accepted += delivery.accepted
                rejected += delivery.rejected
        return Written(accepted, tuple(rejected))

    def generation(self) -> int:
        """Of the server that answers."""
        with self._session.errors():
            return self._session.dialect().generation

    def probe(self) -> None:
        """Raise what a write would, and write nothing."""
        with self._session.errors():
            self._session.probe()

    def check(self) -> list[str]:
        try:
            self.probe()
        except SinkError as error:
            return [str(error)]
        return []

    def close(self) -> None:
        self._session.close()

    def _deliver(self, items: Sequence[Item]) -> Delivery:
        batch, failures = self._failing
        same = bool(failures) and batch == _identity(items)
        delivery = Delivery(self._post, suspicious=same and failures >= PATIENCE)
        try:
            delivery.run(items)
        except ApiException as error:
            if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                self._failing = (_identity(items), failures % PATIENCE + 1 if same else 1)
            raise
        self._failing = (0, 0)
        return delivery

    def _post(self, body: bytes) -> None:
        self._session.post(body)


def _requests(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """The items in requests of at most so many lines and `LARGEST` bytes; a longer line goes alone."""
    start = size = 0
    for at, (_, text) in enumerate(items):
        if at - start == most or (size and size + len(text) > LARGEST):
            yield items[start:at]
            start, size = at, 0
        size += len(text) + 1
    if items:
        yield items[start:]


def _identity(items: Sequence[Item]) -> int:
    return hash(tuple(text for _, text in items))
