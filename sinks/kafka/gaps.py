"""Gap records of the devices in the topic `gaps`: one record a gap, as it stands now; of the sources, this machine's.

key        sink, device, and beginning of the gap: it replaces itself when frames come late
value      sink and gap as JSON
partition  as that of the device's messages

The newest are kept. What older ones missed stays in the sums, which are committed with the offsets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition

from sinks.gaps import SqliteGaps
from sinks.model import Gap

from .books import KafkaLedger
from .connection import Connection
from .reading import patiently, since

_ANSWER_S: Final = 120.0


class Kept(msgspec.Struct, frozen=True):
    """A gap as it stands in the topic."""

    sink: str
    gap: Gap


_JSON: Final = msgspec.json.Decoder(Kept)


def key(sink: str, gap: Gap) -> bytes:
    """What makes a gap the same one."""
    return f"{sink}/{gap.device}/{gap.from_ms}/{gap.first}".encode("utf-8", "surrogatepass")


async def send(producer: AIOKafkaProducer, where: TopicPartition, sink: str, gaps: Sequence[Gap]) -> None:
    """Write them down, and wait until all replicas in sync have them."""
    sent = [
        await producer.send(
            where.topic, msgspec.json.encode(Kept(sink, gap)), key=key(sink, gap), partition=where.partition
        )
        for gap in gaps
    ]
    for one in sent:
        await one


class KafkaGaps:
    """`sinks.ports.Gaps` over that topic and the books of this machine. To count, nothing is read twice."""

    def __init__(self, connection: Connection, ledger: KafkaLedger, sources: SqliteGaps) -> None:
        self._connection = connection
        self._topic = connection.settings.gaps
        self._ledger = ledger
        self._sources = sources
        self._read: dict[TopicPartition, int] = {}
        self._open: dict[bytes, str] = {}

    def find(self, sink: str, *, device: str = "", since_ms: int = 0, limit: int = 100) -> list[Gap]:
        devices = self._connection.run(patiently(partial(self._find, sink, device)), _ANSWER_S)
        found = [gap for gap in devices.values() if gap.to_ms >= since_ms]
        found += self._sources.find("", device=device, since_ms=since_ms, limit=limit)
        return sorted(found, key=lambda gap: gap.from_ms, reverse=True)[:limit]

    async def _find(self, sink: str, device: str) -> dict[bytes, Gap]:
        found = {}
        async for one in since(self._connection, self._topic, {}):
            kept = _parse(one)
            if kept is not None and kept.sink == sink and device in {"", kept.gap.device}:
                found[one.key] = kept.gap
        return found

    def open(self, sink: str) -> int:
        self._connection.run(patiently(self._look), _ANSWER_S)
        return Counter(self._open.values())[sink] + self._sources.open("")

    async def _look(self) -> None:
        async for one in since(self._connection, self._topic, self._read):
            kept = _parse(one)
            if kept is not None and kept.gap.state == "open":
                self._open[one.key] = kept.sink
            else:
                self._open.pop(one.key, None)
            self._read[TopicPartition(one.topic, one.partition)] = one.offset + 1

    def sums(self, sink: str) -> dict[str, int]:
        gaps = self._ledger.account(sink).gaps
        return {"missing": gaps.frames, "found": gaps.found}

    def record(self, gaps: Sequence[Gap]) -> None:
        self._sources.record(gaps)

    def close(self) -> None:
        self._sources.close()
        self._ledger.close()


def _parse(found: Any) -> Kept | None:
    """None for a record of another program."""
    try:
        return _JSON.decode(found.value or b"")
    except msgspec.MsgspecError:
        return None
