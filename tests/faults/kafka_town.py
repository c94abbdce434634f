"""The city on Kafka: a keeper that appends under load, workers as processes, and the question that faults end with."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from aiokafka.admin import AIOKafkaAdminClient

from ingest.keep import Keeper
from sinks.books import Account
from sinks.model import Envelope
from sinks.storage import Storage
from tests.door import environment
from tests.faults import city
from tests.faults.city import payload
from tests.faults.intake import frames_in, rows
from tests.ingest.house import chirpstack
from tests.servers.kafka import Kafka
from tests.servers.process import wait_for

RATE = 250
STRANGER_EVERY = 50
"""Each so many messages, one is from a device that nobody knows: a dead letter."""
STRANGER = "ffffffffffffffff"
LOST_AFTER = 3


def identity(number: int) -> tuple[str, int]:
    """Device and counter of message `number`: after every third frame of a device, one never comes."""
    device, round_ = city.identity(number)
    return device, round_ + round_ // LOST_AFTER


def lost(sent: int) -> int:
    """How many numbers are missing between those of the messages up to this one."""
    rounds = Counter(city.eui(number) for number in range(sent) if number % STRANGER_EVERY)
    return sum((number - 1) // LOST_AFTER for number in rounds.values())


def message(number: int) -> Envelope:
    """Message `number`, received now."""
    if number % STRANGER_EVERY == 0:
        body, device = chirpstack(eui=STRANGER, f_cnt=number, frame_id=f"stranger-{number}"), STRANGER
    else:
        device, counter = identity(number)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        body = chirpstack(device, payload(number), f_cnt=counter, frame_id=f"frame-{number}", time=now)
    return Envelope("main", None, f"application/a/device/{device}/event/up", body, time.time_ns())


class Load:
    """Offers numbered messages to a keeper, as a source does, and counts those that it has kept."""

    def __init__(self, keeper: Keeper) -> None:
        self.sent = self.kept = 0
        self._keeper = keeper

    def run(self, stop: Event) -> None:
        began = time.monotonic()
        while not stop.wait(0.01):
            due = int((time.monotonic() - began) * RATE) - self.sent
            for envelope in [message(self.sent + n) for n in range(due)]:
                if not self._keeper.offer([envelope], self._count, stop):
                    return
                self.sent += 1

    def _count(self) -> None:
        self.kept += 1


@contextmanager
def load(storage: Storage) -> Iterator[Load]:
    """A steady load while the block lasts; after it, all that was sent is kept."""
    ended, stop = Event(), Event()
    with closing(storage.open_appender()) as appender:
        keeper = Keeper(appender, [])
        keeping = Thread(target=keeper.run, args=(ended,))
        found = Load(keeper)
        sending = Thread(target=found.run, args=(stop,))
        keeping.start()
        sending.start()
        try:
            yield found
            stop.set()
            sending.join(30)
            wait_for(lambda: found.kept == found.sent, 120, "the cluster's acknowledgement of everything")
        finally:
            stop.set()
            ended.set()
            keeping.join(100)


def worker(storage: Storage, number: int) -> subprocess.Popen[bytes]:
    """`smartcity ingest process`, begun."""
    kafka = storage.journal.kafka
    env = environment(
        storage.data,
        SMARTCITY_JOURNAL__KIND="kafka",
        SMARTCITY_JOURNAL__KAFKA__BOOTSTRAP=kafka.bootstrap,
        SMARTCITY_JOURNAL__KAFKA__TOPIC_PREFIX=kafka.topic_prefix,
        SMARTCITY_JOURNAL__KAFKA__PARTITIONS=str(kafka.partitions),
        SMARTCITY_JOURNAL__KAFKA__REPLICATION=str(kafka.replication),
    )
    with log(storage, number).open("ab") as out:
        command = [sys.executable, "-m", "smartcity", "ingest", "process"]
        return subprocess.Popen(command, env=env, stdout=out, stderr=out)


def log(storage: Storage, number: int) -> Path:
    return storage.data / f"worker-{number}.log"


def account(storage: Storage) -> Account:
    with closing(storage.open_accounting()) as books:
        return books.account("embedded")


def settled(storage: Storage) -> int:
    return account(storage).cursor


def positions(storage: Storage) -> dict[int, int]:
    """What is settled of each partition."""
    kafka = storage.journal.kafka

    async def ask() -> dict[int, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        try:
            await admin.start()
            found = await admin.list_consumer_group_offsets(kafka.group("embedded"))
            return {partition.partition: at.offset for partition, at in found.items()}
        finally:
            await admin.close()

    return asyncio.run(ask())


def moves_everywhere(storage: Storage) -> None:
    """Wait until more is settled of every partition: nobody holds one and sleeps."""
    before = positions(storage)
    wait_for(
        lambda: all(at > before.get(n, 0) for n, at in positions(storage).items()), 120, "all partitions to move on"
    )


def all_in_sync(cluster: Kafka, storage: Storage) -> None:
    """Wait until every replica has caught up: before that, another kill may make a partition wait."""

    async def in_sync() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
        try:
            await admin.start()
            topics = await admin.describe_topics([storage.journal.kafka.uplinks, "__consumer_offsets"])
            return all(len(p["isr"]) == len(cluster.brokers) for topic in topics for p in topic["partitions"])
        finally:
            await admin.close()

    wait_for(lambda: asyncio.run(in_sync()), 60, "all replicas in sync")


def everything_is_accounted_for(storage: Storage, sent: int) -> None:
    """Each message is stored once or a dead letter, the books say so, and each device's order was kept."""
    wait_for(
        lambda: (found := account(storage)).in_flight == 0 and found.received >= sent, 90, "the end of the backlog"
    )
    strangers = range(0, sent, STRANGER_EVERY)
    found = account(storage)
    again = found.received - sent  # sends that failed although they were written; none is the rule
    assert found.balanced
    assert found.counts.get("stored") == sent - len(strangers)
    assert found.counts.get("duplicate", 0) + found.counts.get("dead_letter", 0) == len(strangers) + again
    assert set(frames_in(storage)) == {identity(n) for n in range(sent)} - {identity(n) for n in strangers}
    with closing(storage.open_letters()) as letters:
        dead = letters.dead_letters(limit=sent)
    assert {letter.device for letter in dead} == {STRANGER}
    assert len({letter.envelope.body for letter in dead}) == len(strangers)
    assert len({(letter.offset, letter.part) for letter in dead}) == len(dead) == found.counts.get("dead_letter")
    assert (found.gaps.frames, found.gaps.found) == (lost(sent), 0)
    in_order(storage)


def in_order(storage: Storage) -> None:
    """The counter of a device rises with the offset: what is newest by one is newest by the other."""
    offsets: dict[str, list[tuple[int, int]]] = {}
    for row in rows(storage, "bin_level"):
        counter, offset = row.fields["f_cnt"], row.fields["offset"]
        assert isinstance(counter, int)
        assert isinstance(offset, int)
        offsets.setdefault(row.tags["device_id"], []).append((counter, offset))
    assert offsets
    for device, found in offsets.items():
        by_counter = [offset for _, offset in sorted(found)]
        assert by_counter == sorted(by_counter), device
