"""Where messages go into the journal on Kafka: all replicas in sync have them before `append` ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from sinks.errors import SinkError
from sinks.model import Envelope

from . import record
from .connection import STOP_S, Connection, stopped
from .topics import LARGEST_RECORD, ensure_topics

SEND_S: Final = 60.0
"""Well above a fail-over of leaders, which takes two to twelve seconds: a send that failed may have been written."""
_MARGIN_S: Final = 30.0
_LINGER_MS: Final = 5
_BATCH: Final = 128 * 1024


class KafkaJournal:
    """`sinks.ports.Appender` on the topic `uplinks`. For one thread. Connects at the first message."""

    def __init__(self, connection: Connection, keep_days: int, max_mb: int) -> None:
        self._connection = connection
        self._topic = connection.settings.uplinks
        self._keep = keep_days, max_mb
        self._producer: AIOKafkaProducer | None = None

    def append(self, envelopes: Sequence[Envelope]) -> int:
        """As the port says. After `Unavailable` some may be kept: dedup knows them when they are appended again."""
        return self._connection.run(self._append(envelopes), SEND_S + _MARGIN_S)

    async def _append(self, envelopes: Sequence[Envelope]) -> int:
        """All is sent, in batches for each partition, then all is awaited; message by message would cost twice."""
        producer = self._producer or await self._start()
        partitions = len(await producer.partitions_for(self._topic))
        try:
            sent = [
                await producer.send_batch(batch, self._topic, partition=number)
                for number, lot in _by_partition(envelopes, partitions).items()
                for batch in _batches(producer, lot)
            ]
            kept: list[RecordMetadata] = await asyncio.gather(*sent)
        except (KafkaError, asyncio.CancelledError):
            # One that has failed may be stuck on its sequence numbers for ever (aiokafka issue 1017).
            self._producer = None
            await stopped(producer.stop())
            raise
        return max((record.offset(one.partition, one.offset) for one in kept), default=0)

    async def _start(self) -> AIOKafkaProducer:
        await ensure_topics(self._connection, *self._keep)
        producer = make_producer(self._connection)
        await producer.start()
        self._producer = producer
        return producer

    def close(self) -> None:
        if not self._connection.closed:
            with suppress(SinkError):
                self._connection.run(self._end(), 3 * STOP_S)
        self._connection.close()

    async def _end(self) -> None:
        if self._producer is not None:
            await stopped(self._producer.stop())
            self._producer = None


def _by_partition(envelopes: Sequence[Envelope], partitions: int) -> dict[int, list[tuple[bytes, Envelope]]]:
    """Envelopes with their keys, in order."""
    lots: dict[int, list[tuple[bytes, Envelope]]] = {}
    for one in envelopes:
        key = record.key(one)
        lots.setdefault(record.partition(key, partitions), []).append((key, one))
    return lots


def _batches(producer: AIOKafkaProducer, lot: Sequence[tuple[bytes, Envelope]]) -> Iterator[BatchBuilder]:
    batch = producer.create_batch()
    for key, one in lot:
        parts = {"key": key, "value": one.body[: record.LARGEST], "headers": record.headers(one)}
        if batch.append(timestamp=None, **parts) is None:
            yield batch
            batch = producer.create_batch()
            batch.append(timestamp=None, **parts)
    yield batch


def make_producer(connection: Connection) -> AIOKafkaProducer:
    """One that repeats by itself without doubling, in order, and is content only when all replicas in sync have it."""
    return AIOKafkaProducer(
        **connection.client(),
        acks="all",
        enable_idempotence=True,
        linger_ms=_LINGER_MS,
        max_batch_size=_BATCH,
        max_request_size=LARGEST_RECORD,
        request_timeout_ms=round(SEND_S * 1000),
    )
