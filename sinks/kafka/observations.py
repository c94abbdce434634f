"""What was stored, as a live feed: the topic `observations`, one JSON object a row.

    key    the device
    value  {"series": {measurement, tenant, asset_id, device_id, model, depth_cm, name}, "time_ms": …, "fields": {…}}

The store decides, the feed follows: what it cannot take is missing there, and nothing waits for it. After a worker
died, a row may come again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from sinks.errors import SinkError
from sinks.model import Point
from sinks.ports import Store, Written

from . import record
from .connection import Connection
from .sending import SEND_S, Sender

log = logging.getLogger(__name__)


class Published:
    """A `sinks.ports.Store` that publishes what the store behind it has taken."""

    def __init__(self, store: Store, connection: Connection) -> None:
        self.name = store.name
        self.apart_s = store.apart_s
        self._store = store
        self._connection = connection
        self._sender = Sender(connection)

    def write(self, points: Sequence[Point]) -> Written:
        written = self._store.write(points)
        lost = {(one.point.series, one.point.time_ms) for one in written.rejected if one.field is None}
        try:
            self._connection.run(self._publish([p for p in points if (p.series, p.time_ms) not in lost]), SEND_S)
        except SinkError as error:
            log.warning("%d rows are missing in the live feed: %s", written.accepted, error)
        return written

    async def _publish(self, points: Sequence[Point]) -> None:
        topic = self._connection.settings.observed
        async with self._sender.producer() as producer:
            partitions = len(await producer.partitions_for(topic))
            sent = []
            for point in points:
                key = point.series.device_id.encode()
                where = record.partition(key, partitions)
                sent.append(await producer.send(topic, msgspec.json.encode(point), key=key, partition=where))
            await asyncio.gather(*sent)

    def check(self) -> list[str]:
        return self._store.check()

    def close(self) -> None:
        self._connection.close(self._sender.end)
        self._store.close()
