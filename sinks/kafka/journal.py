"""Where messages go into the journal on Kafka: all replicas in sync have them before `append` ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from sinks.model import Envelope
from sinks.redact import without_secrets

from . import record
from .connection import Connection
from .sending import SEND_S, Sender

_MARGIN_S: Final = 30.0


class KafkaJournal:
    """`sinks.ports.Appender` on the topic `uplinks`. For one thread. Connects at the first message."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._topic = connection.settings.uplinks
        self._sender = Sender(connection)

    def append(self, envelopes: Sequence[Envelope]) -> int:
        """As the port says. After `Unavailable` some may be kept: dedup knows them when they are appended again."""
        return self._connection.run(self._append(envelopes), SEND_S + _MARGIN_S)

    async def _append(self, envelopes: Sequence[Envelope]) -> int:
        """All is sent, in batches for each partition, then all is awaited; message by message would cost twice."""
        async with self._sender.producer() as producer:
            partitions = len(await producer.partitions_for(self._topic))
            sent = [
                await producer.send_batch(batch, self._topic, partition=number)
                for number, lot in _by_partition(envelopes, partitions).items()
                for batch in _batches(producer, lot)
            ]
            kept: list[RecordMetadata] = await asyncio.gather(*sent)
        return max((record.offset(one.partition, one.offset) for one in kept), default=0)

    def close(self) -> None:
        self._connection.close(self._sender.end)


def _by_partition(envelopes: Sequence[Envelope], partitions: int) -> dict[int, list[tuple[bytes, Envelope]]]:
    """Envelopes without secrets, with their keys, in order."""
    lots: dict[int, list[tuple[bytes, Envelope]]] = {}
    for one in map(without_secrets, envelopes):
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
