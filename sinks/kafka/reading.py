"""Reading topics from outside of any group: from here to there, without moving anybody's offsets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupLoadInProgressError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from .connection import Connection, stopped

_WAIT_MS: Final = 500
_PAUSE_MS: Final = 20
_AT_ONCE: Final = 500
_PATIENCE_S: Final = 8.0
_RETRY_S: Final = 0.2

T = TypeVar("T")


class Span(NamedTuple):
    """Offsets of a partition: `begin` included, `end` excluded."""

    begin: int
    end: int


@asynccontextmanager
async def administrator(connection: Connection) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client that asks about topics and groups."""
    admin = AIOKafkaAdminClient(**connection.client())
    try:
        await admin.start()
        yield admin
    finally:
        await stopped(admin.close())


@asynccontextmanager
async def reader(connection: Connection) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group. It wants what is there: a broker that has no more need not wait for it."""
    consumer = AIOKafkaConsumer(
        **connection.client(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_PAUSE_MS,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await stopped(consumer.stop())


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again while brokers change places, for some seconds: what is read from outside changes nothing."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return await ask()
        except KafkaError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise
            await asyncio.sleep(_RETRY_S)


async def partitions_of(admin: AIOKafkaAdminClient, topic: str) -> list[TopicPartition]:
    """All partitions of a topic; none when it is missing."""
    (found,) = await admin.describe_topics([topic])
    return sorted(TopicPartition(topic, one["partition"]) for one in found["partitions"])


async def committed(
    admin: AIOKafkaAdminClient, group: str, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Where the group stands on each of these; offset 0 and no metadata where it has never settled anything.

    Raises `KafkaError` while the group's coordinator does not know yet: that must not be taken for a beginning.
    """
    found = await admin.list_consumer_group_offsets(group, partitions=list(partitions)) if partitions else {}
    if found.keys() != set(partitions):
        raise GroupLoadInProgressError(group)
    return {one: at if at.offset >= 0 else OffsetAndMetadata(0, "") for one, at in found.items()}


async def since(connection: Connection, topic: str, begins: Mapping[TopicPartition, int]) -> AsyncIterator[Any]:
    """Every record of a topic that is there now, from these offsets on, else from the beginning."""
    async with administrator(connection) as admin, reader(connection) as consumer:
        now = await spans(consumer, await partitions_of(admin, topic))
        wanted = {one: Span(max(span.begin, begins.get(one, 0)), span.end) for one, span in now.items()}
        async for some in records(consumer, wanted):
            for found in some:
                yield found


async def spans(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> dict[TopicPartition, Span]:
    """What each partition holds now."""
    if not partitions:
        return {}
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.beginning_offsets(partitions)
    return {one: Span(begins[one], ends[one]) for one in partitions}


async def records(consumer: AIOKafkaConsumer, wanted: Mapping[TopicPartition, Span]) -> AsyncIterator[list[Any]]:
    """The records of these spans, in order within each partition, some hundred at a time."""
    rest = {one: span for one, span in wanted.items() if span.begin < span.end}
    if not rest:
        return
    consumer.assign(list(rest))
    for one, span in rest.items():
        consumer.seek(one, span.begin)
    while rest:
        for one, found in (await consumer.getmany(*rest, timeout_ms=_WAIT_MS, max_records=_AT_ONCE)).items():
            inside = [record for record in found if record.offset < rest[one].end]
            if inside:
                yield inside
        for one in list(rest):
            if await consumer.position(one) >= rest[one].end:
                del rest[one]
