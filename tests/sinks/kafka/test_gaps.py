"""Gap records on Kafka: a partition's counters go with it, from worker to worker, and nothing counts twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from threading import Event

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ingest.gaps import GapFinders
from ingest.networks.model import Outcome, Uplink
from ingest.pipeline import Fate, Frame
from sinks.kafka.group import Member
from sinks.model import Entry, Envelope
from sinks.ports import Appender, Batch, Feed, Settlement
from sinks.storage import Storage
from tests.sinks.feed_contract import SINK, recall, stored, taken
from tests.sinks.gaps_contract import GapsContract, gaps

__all__ = ["gaps"]

pytestmark = pytest.mark.server("kafka")

MINUTE_MS = 60_000


class TestKafka(GapsContract):
    """In topics of a real broker."""


class Worker:
    """A member of the group that follows the counters."""

    def __init__(self, storage: Storage) -> None:
        self.feed: Feed = storage.open_feed(SINK, Event(), recall)
        self.finders = GapFinders(self.feed.states)

    def note(self, batches: Sequence[Batch]) -> list[tuple[Batch, Settlement]]:
        return [
            (batch, replace(stored(batch), gaps=self.finders.note(batch, map(fate, batch.entries))))
            for batch in batches
        ]

    def settle(self, batches: Sequence[Batch]) -> None:
        self.feed.settle(self.note(batches))
        self.finders.settled()


@pytest.fixture
def join(storage: Storage) -> Iterator[Callable[[], Worker]]:
    """Another worker each time."""
    joined: list[Worker] = []

    def another() -> Worker:
        joined.append(Worker(storage))
        return joined[-1]

    yield another
    for worker in joined:
        worker.feed.close()


@pytest.fixture
def appender(storage: Storage) -> Iterator[Appender]:
    with closing(storage.open_appender()) as appender:
        yield appender


def sent(device: str, counter: int) -> Envelope:
    return Envelope("main", None, f"application/1/device/{device}/event/up", b"\x00 %d" % counter, counter + 1)


def fate(entry: Entry) -> Fate:
    """A frame a minute."""
    device, counter = (entry.envelope.topic or "").split("/")[3], int(entry.envelope.body.split()[1])
    uplink = Uplink("chirpstack", Outcome.DATA, dev_eui=device, f_cnt=counter, session="s")
    return Fate(Frame(entry, 0, uplink, device, counter * MINUTE_MS), "stored", "decoded")


def missing(storage: Storage) -> int:
    with closing(storage.open_gaps()) as gaps:
        return gaps.sums(SINK)["missing"]


def everything_together(workers: Sequence[Worker], storage: Storage, number: int) -> None:
    """Let all of them work until so many are settled."""
    with closing(storage.open_accounting()) as books:
        for _ in range(300):
            for worker in workers:
                if batches := worker.feed.take(30, 0.1):
                    worker.settle(batches)
            if books.account(SINK).cursor == number:
                return
    raise TimeoutError


def test_what_is_missing_between_two_workers_is_told(
    storage: Storage, appender: Appender, join: Callable[[], Worker]
) -> None:
    appender.append([sent("a", 1), sent("a", 2)])
    first = join()
    everything_together([first], storage, 2)
    first.feed.close()
    appender.append([sent("a", 5)])
    everything_together([join()], storage, 3)
    with closing(storage.open_gaps()) as gaps:
        (gap,) = gaps.find(SINK)
    assert (gap.first, gap.missing, gap.from_ms, gap.to_ms) == (3, 2, 2 * MINUTE_MS, 5 * MINUTE_MS)
    assert missing(storage) == 2


def test_a_batch_that_is_done_again_counts_once(
    storage: Storage, appender: Appender, join: Callable[[], Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    appender.append([sent("a", 1)])
    dying = join()
    everything_together([dying], storage, 1)
    appender.append([sent("a", 4), sent("a", 6)])
    batches = taken(dying.feed)

    async def die(*_: object) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(Member, "commit", die)
        dying.settle(batches)
    dying.feed.close()
    assert missing(storage) == 0
    following = join()
    everything_together([following], storage, 3)
    assert missing(storage) == 3
    with closing(storage.open_gaps()) as gaps:
        assert (gaps.open(SINK), [gap.first for gap in gaps.find(SINK)]) == (2, [5, 2])
    following.feed.close()
    appender.append([sent("a", 7), sent("a", 9)])
    everything_together([join()], storage, 5)
    assert missing(storage) == 4


def test_topics_that_are_made_later_have_the_partitions_of_the_messages(
    storage: Storage, join: Callable[[], Worker]
) -> None:
    asyncio.run(make(storage, 7))
    worker = join()
    with closing(storage.open_appender()) as appender:
        appender.append([sent(f"{n:016x}", 1) for n in range(30)])
    everything_together([worker], storage, 30)


async def make(storage: Storage, partitions: int) -> None:
    """The topic of the messages alone, as an earlier version with other settings left it."""
    kafka = storage.journal.kafka
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(kafka.uplinks, partitions, 1)])
    finally:
        await admin.close()


def test_workers_that_come_and_go_find_what_one_would_find(
    storage: Storage, appender: Appender, join: Callable[[], Worker]
) -> None:
    """More devices than a batch has, so that their state goes round in pieces that are taken out again."""
    chance, devices, number, lost, workers = random.Random(3), 150, 0, 0, [join()]  # noqa: S311 any will do
    newest = dict.fromkeys((f"{n:016x}" for n in range(devices)), 0)
    appender.append([sent(device, 0) for device in newest])
    for _ in range(8):
        for device in chance.sample(sorted(newest), 60):
            step = chance.choice((1, 1, 1, 2, 3))
            newest[device] += step
            lost += step - 1
            appender.append([sent(device, newest[device])])
            number += 1
        everything_together(workers, storage, devices + number)
        if chance.random() < 0.5:
            workers.append(join())
        elif len(workers) > 1:
            workers.pop(0).feed.close()
    assert missing(storage) == lost
    with closing(storage.open_gaps()) as gaps:
        found = gaps.find(SINK, limit=1_000)
    assert sum(gap.missing for gap in found) == lost
