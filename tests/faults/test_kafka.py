"""kill -9 of brokers and workers under load, on a real Kafka: every message is stored once or a dead letter."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.faults.city import settle_in
from tests.faults.kafka_town import all_in_sync, everything_is_accounted_for, load, moves_everywhere, settled, worker
from tests.servers import kafka
from tests.servers.process import wait_for
from tests.sinks.kafka.storage import on_kafka

pytestmark = [pytest.mark.server("kafka"), pytest.mark.timeout(400)]

MORE = 300
"""Messages that have to be settled between two blows, so that each falls into work that goes on."""


@pytest.fixture(scope="module")
def three() -> Iterator[kafka.Kafka]:
    with kafka.running(3) as cluster:
        yield cluster


@contextmanager
def workers(storage: Storage, number: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many at first; the block may kill and add some."""
    settle_in(storage)
    found = [worker(storage, n) for n in range(number)]
    try:
        yield found
    finally:
        for one in found:
            one.send_signal(signal.SIGCONT)
            one.terminate()
        for one in found:
            ended(one)


def ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def goes_on(storage: Storage) -> None:
    """Wait until more is settled."""
    before = settled(storage)
    wait_for(lambda: settled(storage) >= before + MORE, 90, "more settled messages")


def test_each_of_three_brokers_may_be_killed_under_load(three: kafka.Kafka, tmp_path: Path) -> None:
    storage = on_kafka(tmp_path, three, partitions=6, replication=3)
    with workers(storage, 2):
        with load(storage) as sent:
            goes_on(storage)
            for broker in three.brokers:
                all_in_sync(three, storage)
                broker.process.kill()
                goes_on(storage)  # without it
                broker.process.start()
                goes_on(storage)
        everything_is_accounted_for(storage, sent.sent)


def test_workers_may_be_killed_and_sleep_and_join_and_leave_under_load(three: kafka.Kafka, tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 any will do
    storage = on_kafka(tmp_path, three, partitions=6, replication=3)
    with workers(storage, 2) as found:
        with load(storage) as sent:
            goes_on(storage)
            found.append(worker(storage, 2))
            goes_on(storage)
            for number in range(3, 6):
                chance.choice([one for one in found if one.poll() is None]).kill()
                found.append(worker(storage, number))
                goes_on(storage)
            left, slept, *_ = [one for one in found if one.poll() is None]
            slept.send_signal(signal.SIGSTOP)
            moves_everywhere(storage)  # until the group has given its partitions to others
            slept.send_signal(signal.SIGCONT)  # and now it goes on where it was
            left.terminate()
            goes_on(storage)
        everything_is_accounted_for(storage, sent.sent)


def test_the_only_broker_may_be_killed_under_load(tmp_path: Path) -> None:
    with kafka.running() as cluster:
        storage = on_kafka(tmp_path, cluster, partitions=4, replication=1)
        with workers(storage, 2):
            with load(storage) as sent:
                goes_on(storage)
                cluster.brokers[0].process.kill()
                cluster.brokers[0].process.start()
                goes_on(storage)
            everything_is_accounted_for(storage, sent.sent)
