"""The past of the journal on Kafka, read from outside of any group: nobody's offsets move.

A stretch is a partition, from the first record that the broker has dated to the time that is asked for. A message is
dated when it is written, so never before it arrived, but for clocks that go wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from sinks.model import Entry
from sinks.ports import Stretch

from . import record
from .connection import Connection
from .reading import Span, administrator, committed, partitions_of, patiently, reader, spans

CLOCKS_APART_MS: Final = 3_600_000
"""So much earlier than asked for a stretch begins: the clock of who received may be ahead of the broker's."""
_ANSWER_S: Final = 120.0
_WAIT_MS: Final = 500


class KafkaPast:
    """`sinks.ports.Past` on the topic `uplinks`. For one thread. Holds what one fetch gives, however long the past."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._topic = connection.settings.uplinks
        self._held = AsyncExitStack()
        self._consumer: AIOKafkaConsumer | None = None

    def stretches(self, since_ns: int, sink: str = "") -> Sequence[Stretch]:
        return self._connection.run(patiently(partial(self._stretches, since_ns, sink)), _ANSWER_S)

    async def _stretches(self, since_ns: int, sink: str) -> list[Stretch]:
        async with administrator(self._connection) as admin:
            partitions = await partitions_of(admin, self._topic)
            settled = await committed(admin, self._connection.settings.group(sink), partitions) if sink else {}
        consumer = await self._reader()
        held = await spans(consumer, partitions)
        firsts = await _firsts(consumer, held, since_ns // 1_000_000 - CLOCKS_APART_MS)
        return [
            _stretch(one, held[one], firsts[one], settled[one].offset if sink else held[one].end) for one in partitions
        ]

    def read(self, stretch: Stretch, limit: int) -> list[Entry]:
        if not stretch.number:
            return []
        return self._connection.run(patiently(partial(self._read, stretch, limit)), _ANSWER_S)

    async def _read(self, stretch: Stretch, limit: int) -> list[Entry]:
        """A broker that takes transactions of others keeps offsets for itself, so there may be none before the last."""
        (partition, first), (_, last) = record.place(stretch.first), record.place(stretch.last)
        consumer, one = await self._reader(), TopicPartition(self._topic, partition)
        if consumer.assignment() != {one}:
            consumer.assign([one])
            consumer.seek(one, first)
        elif await consumer.position(one) != first:
            consumer.seek(one, first)
        while await consumer.position(one) <= last:
            found = await consumer.getmany(one, timeout_ms=_WAIT_MS, max_records=limit)
            inside = [each for each in found.get(one, ()) if each.offset <= last]
            if inside:
                return record.entries(inside)
        return []

    async def _reader(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = await self._held.enter_async_context(reader(self._connection))
        return self._consumer

    def close(self) -> None:
        self._connection.close(self._held.aclose)


async def _firsts(
    consumer: AIOKafkaConsumer, held: Mapping[TopicPartition, Span], since_ms: int
) -> dict[TopicPartition, int]:
    """The first offset of each partition that is dated to this time (Unix milliseconds) or later; its end for none."""
    if since_ms <= 0 or not held:
        return {one: span.begin for one, span in held.items()}
    found = await consumer.offsets_for_times(dict.fromkeys(held, since_ms))
    return {one: found[one].offset if found.get(one) else span.end for one, span in held.items()}


def _stretch(one: TopicPartition, held: Span, first: int, end: int) -> Stretch:
    begin = record.offset(one.partition, 0)
    return Stretch(one.partition, begin + first, begin + end - 1, held.begin if first == held.begin else 0)
