"""The accounting on Kafka, read from outside: what the topic holds, and what the groups have committed.

received = the ends of all partitions, since offsets count from 0
settled  = the committed offsets, whose metadata says what became of each message
in flight = what a partition holds beyond its commit; what retention took of it is expired
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from aiokafka import TopicPartition

from sinks.books import Account, Kept, Missing
from sinks.ports import Events, Gaps

from . import record
from .lane import Counts, decode
from .letters import KafkaLetters
from .reading import Span, administrator, committed, partitions_of, patiently, reader, records, spans

_ANSWER_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One sink on one partition."""

    partition: int
    held: Span
    settled: int
    counts: Counts

    @property
    def first(self) -> int:
        """The next offset that there is to settle."""
        return max(self.settled, self.held.begin)

    @property
    def outcomes(self) -> Counter[str]:
        """Messages by outcome, with those that retention took before they were settled."""
        return Counter(self.counts.messages) + Counter(expired=self.first - self.settled)


def add_up(sink: str, standings: Sequence[Standing], waiting_since_ns: int | None) -> Account:
    """The account of a sink over all partitions; gaps that are open stand elsewhere."""
    return Account(
        sink,
        received=sum(one.held.end for one in standings),
        counts=dict(sum((one.outcomes for one in standings), Counter())),
        frames=dict(sum((Counter(one.counts.frames) for one in standings), Counter())),
        cursor=sum(one.settled for one in standings),
        in_flight=sum(one.held.end - one.first for one in standings),
        waiting_since_ns=waiting_since_ns,
        gaps=Missing(*(sum(one.counts.gaps.get(what, 0) for one in standings) for what in ("missing", "found"))),
    )


class KafkaLedger(KafkaLetters):
    """Where every sink stands, and the dead letters: what `sinks.ports.Ledger` has for readers."""

    def cursors(self) -> dict[str, int]:
        return {sink: self.cursor(sink) for sink in self._connection.run(patiently(self._sinks), _ANSWER_S)}

    def cursor(self, sink: str) -> int:
        return self.account(sink).cursor

    def account(self, sink: str) -> Account:
        """One sink, also one that has settled nothing yet. Raises `Unavailable`."""
        return self._connection.run(patiently(partial(self._account, sink)), _ANSWER_S)

    async def _sinks(self) -> list[str]:
        prefix = self._connection.settings.group("")
        async with administrator(self._connection) as admin:
            groups = [name for name, *_ in await admin.list_consumer_groups()]
        return sorted(name.removeprefix(prefix) for name in groups if name.startswith(prefix))

    async def _account(self, sink: str) -> Account:
        """What is committed first: what is settled after that still counts as in flight."""
        settings = self._connection.settings
        async with administrator(self._connection) as admin, reader(self._connection) as consumer:
            partitions = await partitions_of(admin, settings.uplinks)
            settled = await committed(admin, settings.group(sink), partitions)
            held = await spans(consumer, partitions)
            standings = [
                Standing(one.partition, held[one], settled[one].offset, decode(settled[one].metadata))
                for one in partitions
            ]
            return add_up(sink, standings, await _oldest_ns(consumer, settings.uplinks, standings))

    def kept(self) -> Kept:
        """What the topic holds; the brokers do not say in how many bytes."""
        return self._connection.run(patiently(self._kept), _ANSWER_S)

    async def _kept(self) -> Kept:
        async with administrator(self._connection) as admin, reader(self._connection) as consumer:
            held = await spans(consumer, await partitions_of(admin, self._connection.settings.uplinks))
        return Kept(sum(span.end - span.begin for span in held.values()), 0, sum(span.begin for span in held.values()))


async def _oldest_ns(consumer: Any, topic: str, standings: Sequence[Standing]) -> int | None:
    """Arrival of the oldest message that waits on any partition."""
    waiting = {
        TopicPartition(topic, one.partition): Span(one.first, one.first + 1)
        for one in standings
        if one.first < one.held.end
    }
    arrived = []
    async for some in records(consumer, waiting):
        arrived += [record.envelope(None, one.headers, one.timestamp).arrived_ns for one in some]
    return min(arrived, default=None)


@dataclass(frozen=True, slots=True)
class KafkaBooks:
    """`sinks.books.Accounting` on Kafka. What is of the sources is of those of this machine."""

    ledger: KafkaLedger
    events: Events
    gaps: Gaps

    def kept(self) -> Kept:
        return self.ledger.kept()

    def accounts(self) -> list[Account]:
        return [self.account(sink) for sink in self.ledger.cursors()]

    def account(self, sink: str) -> Account:
        found = self.ledger.account(sink)
        return replace(found, gaps=replace(found.gaps, open=self.gaps.open(sink)))

    def close(self) -> None:
        for one in (self.ledger, self.events, self.gaps):
            one.close()
