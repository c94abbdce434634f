"""The end of the journal on Kafka at which one of a sink's workers takes messages out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from sinks.model import Entry
from sinks.ports import Batch, Recall, Settlement

from . import counters, gaps, letters, record
from .connection import Connection
from .counters import Piece
from .group import Member
from .lane import MOST_KEYS, Counts, Lane
from .reading import Span, reader, records, spans
from .sending import SEND_S, Sender
from .topics import ensure_topics

_JOIN_S: Final = 90.0
_READ_BACK_S: Final = 120.0
_QUIET_S: Final = 30.0

log = logging.getLogger(__name__)


class KafkaFeed:
    """`sinks.ports.Feed` as a member of the sink's consumer group. For one thread; joins at the first `take`."""

    def __init__(self, connection: Connection, sink: str, recall: Recall) -> None:
        self._connection = connection
        self._sink = sink
        self._recall = recall
        self._member: Member | None = None
        self._epoch = 0
        self._sender = Sender(connection)
        self._writer = token_hex(4)
        self._taken: list[Batch] = []
        self._lanes: dict[int, Lane] = {}
        self._states: dict[int, list[tuple[int, bytes]]] = {}
        self._moved_s = time.monotonic()

    def take(self, limit: int, timeout_s: float) -> Sequence[Batch]:
        batches = self._connection.run(self._take(limit, timeout_s), timeout_s + _JOIN_S)
        strange = {number: lane for number, lane in self._lanes.items() if not lane.knows}
        if strange:
            self._get_to_know(strange)
        return batches

    async def _take(self, limit: int, timeout_s: float) -> list[Batch]:
        member = self._member or await self._join()
        if self._taken and self._taken[0].epoch == member.epoch:
            return self._taken
        try:
            found = await member.take(limit, timeout_s)
            if found:
                self._moved_s = time.monotonic()
            elif time.monotonic() - self._moved_s > _QUIET_S:
                await self._check(member)
        except KafkaError:
            await self._leave()
            raise
        self._lanes = {number: member.lanes[number] for number in found}
        self._taken = [Batch(number, member.epoch, record.entries(some)) for number, some in found.items()]
        return self._taken

    async def _check(self, member: Member) -> None:
        """A consumer that is stuck is left behind, and another one joins."""
        self._moved_s = time.monotonic()
        if await member.is_stuck():
            log.error("nothing came for %g s though there is work: joining the group anew", _QUIET_S)
            await self._leave()

    async def _join(self) -> Member:
        await ensure_topics(self._connection)
        member = Member(self._connection, self._sink, self._epoch)
        await member.join()
        self._member, self._moved_s = member, time.monotonic()
        return member

    async def _leave(self) -> None:
        member, self._member = self._member, None
        if member is not None:
            self._epoch = member.epoch + 1
            await member.leave()

    def _get_to_know(self, lanes: Mapping[int, Lane]) -> None:
        """Read back the newest settled messages of lanes that have just come to us, but for their dead letters.

        A frame that became a dead letter must not be known: its replay would be taken for a duplicate.
        """
        entries, dead = self._connection.run(self._read_back(lanes), _READ_BACK_S)
        for offset, part, keys in self._recall(entries):
            if (offset, part) not in dead:
                lanes[record.place(offset)[0]].memory.remember(keys)
        for lane in lanes.values():
            lane.knows = True

    async def _read_back(self, lanes: Mapping[int, Lane]) -> tuple[list[Entry], set[tuple[int, int]]]:
        settings = self._connection.settings
        entries: list[Entry] = []
        since: dict[TopicPartition, int] = {}
        async with reader(self._connection) as consumer:
            held = await spans(consumer, [TopicPartition(settings.uplinks, lane) for lane in lanes])
            wanted = {
                one: Span(max(span.begin, lanes[one.partition].position - MOST_KEYS), lanes[one.partition].position)
                for one, span in held.items()
            }
            async for some in records(consumer, wanted):
                entries += record.entries(some)
                since.setdefault(TopicPartition(settings.dead_letters, some[0].partition), some[0].timestamp)
            return entries, await self._dead(consumer, since)

    async def _dead(self, consumer: Any, since: Mapping[TopicPartition, int]) -> set[tuple[int, int]]:
        """Offset and part of this sink's letters since these times (Unix milliseconds)."""
        found = await consumer.offsets_for_times(dict(since)) if since else {}
        held = await spans(consumer, [one for one, begin in found.items() if begin is not None])
        dead = set()
        async for some in records(consumer, {one: Span(found[one].offset, span.end) for one, span in held.items()}):
            parsed = [letters.parse(one) for one in some if one.value is not None]
            dead |= {(letter.offset, letter.part) for letter in parsed if letter.sink == self._sink}
        return dead

    def behind(self, batches: Sequence[Batch], limit: int) -> Sequence[Batch]:  # noqa: ARG002 the port's words
        """None: what was taken of a partition is committed before more is taken, so that a rebalance need not wait."""
        return []

    def seen(self, lane: int, keys: Mapping[str, int]) -> Mapping[str, int]:
        return self._lanes[lane].memory.seen(keys)

    def states(self, lane: int) -> Sequence[tuple[int, bytes]]:
        """To be asked for once under an assignment; read for all its lanes together, since each will be asked for."""
        epoch = self._taken[0].epoch
        if self._lanes[lane].read_under != epoch:
            self._states = self._connection.run(self._read_states(epoch), _READ_BACK_S)
        return self._states.pop(lane)

    async def _read_states(self, epoch: int) -> dict[int, list[tuple[int, bytes]]]:
        lanes = (self._member.lanes if self._member is not None else {}) | self._lanes
        wanted = {number: (lane.counts.counters, lane.position) for number, lane in lanes.items()}
        async with reader(self._connection) as consumer:
            found = await counters.read(consumer, self._connection.settings.counters, self._sink, wanted)
        for number, lane in lanes.items():
            lane.pieces = {n: piece for n, (piece, _) in enumerate(found[number], 1)}
            lane.read_under = epoch
        return {number: [(n, content) for n, (_, content) in enumerate(some, 1)] for number, some in found.items()}

    def settle(self, settled: Sequence[tuple[Batch, Settlement]]) -> None:
        self._connection.run(self._settle(settled), 2 * SEND_S)

    async def _settle(self, settled: Sequence[tuple[Batch, Settlement]]) -> None:
        """Letters and gaps first: a worker that dies before its commit does them again, and they replace themselves."""
        member, epoch = self._member, settled[0][0].epoch
        if member is not None and member.epoch == epoch:
            pieces = await self._write_down(settled)
            moves = {batch.lane: self._move(batch, settlement, pieces[batch.lane]) for batch, settlement in settled}
            if await member.commit(epoch, moves):
                for batch, settlement in settled:
                    self._lanes[batch.lane].settle(*moves[batch.lane], pieces[batch.lane], settlement)
        self._taken = []
        if member is not None:
            member.done()

    def _move(self, batch: Batch, settlement: Settlement, pieces: Mapping[int, Piece]) -> tuple[int, Counts]:
        """Where the lane stands after this batch. What is missing before it, retention has taken."""
        lane = self._lanes[batch.lane]
        first, last = (record.place(batch.entries[n].offset)[1] for n in (0, -1))
        begin = min((piece.offset for piece in pieces.values()), default=0)
        return last + 1, lane.counts.after(settlement, expired=first - lane.position, counters=begin)

    async def _write_down(self, settled: Sequence[tuple[Batch, Settlement]]) -> dict[int, Mapping[int, Piece]]:
        """What a commit has no room for; gives the pieces of the counters' state that are needed then, by lane."""
        if not any(one.dead_letters or one.gaps.states for _, one in settled):
            return {batch.lane: self._lanes[batch.lane].pieces for batch, _ in settled}
        dead = [letter for _, settlement in settled for letter in settlement.dead_letters]
        async with self._sender.producer() as producer:
            topic = self._connection.settings.dead_letters
            await letters.send(producer, topic, {one: letters.value(one) for one in dead})
            kept = await asyncio.gather(*(self._note(producer, *one) for one in settled))
        return {batch.lane: pieces for (batch, _), pieces in zip(settled, kept, strict=True)}

    async def _note(self, producer: AIOKafkaProducer, batch: Batch, settlement: Settlement) -> Mapping[int, Piece]:
        """What a batch says of gaps."""
        settings, lane, notes = self._connection.settings, batch.lane, settlement.gaps
        await gaps.send(producer, TopicPartition(settings.gaps, lane), self._sink, notes.gaps)
        name = counters.key(self._sink, record.place(settlement.through)[1] + 1, self._writer)
        where = TopicPartition(settings.counters, lane)
        return await counters.send(producer, where, name, notes, self._lanes[lane].pieces)

    def close(self) -> None:
        self._connection.close(self._leave, self._sender.end)
