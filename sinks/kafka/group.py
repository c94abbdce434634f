"""One sink's place in its consumer group: which lanes are ours now, and under which assignment.

The brokers take a late commit when a partition went away and came back. So every assignment has an epoch: work of an
older one is dropped, and a partition is not given up while work on it is about to be committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from .connection import Connection, stopped
from .lane import Counts, Lane, decode, encode
from .reading import administrator, committed

_GIVE_UP_S: Final = 15.0
"""How long a rebalance waits for work in flight, within the time that the group gives its members to come back."""
_LOOK_UP_S: Final = 8.0
_RETRY_S: Final = 0.2
_SESSION_MS: Final = 10_000
_REBALANCE_MS: Final = 30_000
_LONGEST_WORK_MS: Final = 3_600_000
"""A worker whose store is away is no dead worker: nobody else could write either."""
_FETCH_BYTES: Final = 512 * 1024

log = logging.getLogger(__name__)


class Member(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka says no types
    """A worker in the group. All of it runs on the connection's loop: between two steps without `await` is nothing.

    `lanes`: those of the present assignment, whose number is `epoch`.
    """

    def __init__(self, connection: Connection, sink: str, epoch: int) -> None:
        self.epoch = epoch
        self.lanes: dict[int, Lane] = {}
        self._connection = connection
        self._topic = connection.settings.uplinks
        self._group = connection.settings.group(sink)
        self._consumer = AIOKafkaConsumer(
            **connection.client(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(StickyPartitionAssignor,),
            session_timeout_ms=_SESSION_MS,
            rebalance_timeout_ms=_REBALANCE_MS,
            max_poll_interval_ms=_LONGEST_WORK_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        self._given_up: dict[int, Lane] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._leaving = False
        self._committing: asyncio.Task[Any] | None = None

    async def join(self) -> None:
        """Ask the group for a share. The topic must be there."""
        await self._consumer.start()
        self._consumer.subscribe([self._topic], listener=self)

    async def leave(self) -> None:
        """Leave the group, within some seconds."""
        await stopped(self._consumer.stop())

    async def take(self, limit: int, timeout_s: float) -> dict[int, list[Any]]:
        """Records of our lanes that are not settled yet; a rebalance then waits for `done`."""
        if self._leaving:
            await asyncio.sleep(min(timeout_s, _RETRY_S))
            return {}
        found = await self._consumer.getmany(timeout_ms=round(timeout_s * 1000), max_records=limit)
        if self._leaving:
            return {}
        taken = {}
        for partition, records in found.items():
            lane = self.lanes.get(partition.partition)
            new = [one for one in records if lane is not None and one.offset >= lane.position]
            if new:
                taken[partition.partition] = new
        if taken:
            self._idle.clear()
        return taken

    def done(self) -> None:
        """What was taken is settled or dropped."""
        self._idle.set()

    async def commit(self, epoch: int, moves: Mapping[int, tuple[int, Counts]]) -> bool:
        """Commit position and counts of these lanes; False when they are not ours under this epoch any more."""
        if epoch != self.epoch:
            return False
        offsets = {
            TopicPartition(self._topic, lane): OffsetAndMetadata(position, encode(counts))
            for lane, (position, counts) in moves.items()
        }
        self._committing = asyncio.current_task()
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("a commit came too late (%s): another worker does the work again", type(error).__name__)
            self._give_up()
            return False
        finally:
            self._committing = None
        return True

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Finish what is in flight before the group goes on."""
        self._leaving = True
        try:
            await asyncio.wait_for(self._idle.wait(), _GIVE_UP_S)
        except TimeoutError:
            log.warning("work on %d partitions is not done in time: another worker does it again", len(revoked))
            if self._committing is not None:
                self._committing.cancel()
        self._give_up()

    def _give_up(self) -> None:
        self.epoch += 1
        self._given_up |= self.lanes
        self.lanes = {}
        self._idle.set()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Look up where each partition stands; a lane that nobody moved meanwhile keeps its memory."""
        self.lanes = await self._look_up(assigned)
        self._given_up, self._leaving = {}, False
        for partition in assigned:
            self._consumer.seek(partition, self.lanes[partition.partition].position)
        log.info("partitions of this worker: %s", ", ".join(map(str, sorted(self.lanes))) or "none")

    async def _look_up(self, assigned: Collection[TopicPartition]) -> dict[int, Lane]:
        async with asyncio.timeout(_LOOK_UP_S):
            while True:
                with suppress(KafkaError):
                    async with administrator(self._connection) as admin:
                        found = await committed(admin, self._group, assigned)
                        break
                await asyncio.sleep(_RETRY_S)
        return {one.partition: self._lane(one.partition, at) for one, at in found.items()}

    def _lane(self, partition: int, at: OffsetAndMetadata) -> Lane:
        before = self._given_up.get(partition)
        if before is not None and before.position == at.offset:
            return before
        return Lane(at.offset, decode(at.metadata))

    async def is_stuck(self) -> bool:
        """Whether there is work on our partitions that does not reach us; asked when nothing came for long."""
        assigned = self._consumer.assignment()
        if not assigned:
            return False
        ends = await self._consumer.end_offsets(assigned)
        return any(
            one.partition not in self.lanes or ends[one] > self.lanes[one.partition].position for one in assigned
        )
