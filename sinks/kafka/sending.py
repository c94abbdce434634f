"""A producer that is started when it is needed, and left behind when it has failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from .connection import Connection, stopped
from .topics import LARGEST_RECORD, ensure_topics

SEND_S: Final = 60.0
"""Well above a fail-over of leaders, which takes two to twelve seconds: a send that failed may have been written."""
_LINGER_MS: Final = 5
_BATCH: Final = 128 * 1024


class Sender:
    """On a connection's loop. Repeats without doubling, in order, and is content when all replicas in sync have it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """The producer. One that has failed may be stuck on its sequence numbers for ever (aiokafka issue 1017)."""
        producer = self._producer or await self._start()
        try:
            yield producer
        except (KafkaError, asyncio.CancelledError):
            self._producer = None
            await stopped(producer.stop())
            raise

    async def _start(self) -> AIOKafkaProducer:
        await ensure_topics(self._connection)
        producer = AIOKafkaProducer(
            **self._connection.client(),
            acks="all",
            enable_idempotence=True,
            linger_ms=_LINGER_MS,
            max_batch_size=_BATCH,
            max_request_size=LARGEST_RECORD,
            request_timeout_ms=round(SEND_S * 1000),
        )
        await producer.start()
        self._producer = producer
        return producer

    async def end(self) -> None:
        """Stop the producer, if there is one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stopped(producer.stop())
