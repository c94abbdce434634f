"""How far the devices' frame counters are, in the topic `counters`: what the next worker of a partition begins with.

key        sink, offset of the partition up to which this is settled, and who wrote it
value      a piece of state, as `sinks.model.GapNotes` has it; nothing when it is needed no more
partition  as that of the messages

A piece is written before the commit that it belongs to and counts when its offset is committed: a batch that is done
again begins with what was before it. The commit says at which record of this topic the pieces begin that are needed
(`lane.Counts.counters`), so whoever takes over reads these alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from sinks.model import GapNotes

from .reading import Span, records, spans


class Piece(NamedTuple):
    """Where a piece stands in its partition of the topic."""

    offset: int
    key: bytes


def key(sink: str, position: int, writer: str) -> bytes:
    """A worker that does a batch again replaces its piece; another worker never does."""
    return f"{sink}/{position}/{writer}".encode()


async def read(
    consumer: AIOKafkaConsumer, topic: str, sink: str, wanted: Mapping[int, tuple[int, int]]
) -> dict[int, list[tuple[Piece, bytes]]]:
    """The pieces of a sink by partition, in their order.

    `wanted`: partition to the record from which on they are needed, and to how far its messages are settled. There may
    be pieces of workers that died before their commit: each is right for its own position.
    """
    held = await spans(consumer, [TopicPartition(topic, partition) for partition in wanted])
    begins = {one: Span(max(wanted[one.partition][0], span.begin), span.end) for one, span in held.items()}
    found: dict[int, list[tuple[int, Piece, bytes]]] = {partition: [] for partition in wanted}
    async for some in records(consumer, begins):
        for one in some:
            at = _position(one, sink)
            if at is not None and at <= wanted[one.partition][1]:
                found[one.partition].append((at, Piece(one.offset, one.key), one.value))
    return {partition: [(piece, value) for _, piece, value in sorted(pieces)] for partition, pieces in found.items()}


def _position(found: Any, sink: str) -> int | None:
    """Of a piece of this sink; None for anything else."""
    whose, _, rest = found.key.decode("utf-8", "replace").partition("/")
    at = rest.partition("/")[0]
    return int(at) if whose == sink and found.value is not None and at.isascii() and at.isdecimal() else None


async def send(
    producer: AIOKafkaProducer, where: TopicPartition, name: bytes, notes: GapNotes, kept: Mapping[int, Piece]
) -> Mapping[int, Piece]:
    """Write the piece of a batch; gives those that are needed from now on, by number, and takes the others out."""
    if not notes.states:
        return kept
    still = {number: piece for number, piece in kept.items() if number >= notes.keep_from}
    values = {name: notes.states, **{kept[number].key: None for number in kept.keys() - still.keys()}}
    sent = [
        await producer.send(where.topic, value, key=own, partition=where.partition) for own, value in values.items()
    ]
    written, *_ = await asyncio.gather(*sent)
    return still | {notes.number: Piece(written.offset, name)}
