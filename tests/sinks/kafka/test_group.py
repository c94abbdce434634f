"""Partitions that change hands, and what the brokers may do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from threading import Event, Thread
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from sinks.books import Account
from sinks.errors import Refused, Unavailable
from sinks.kafka import feed as feed_module
from sinks.kafka import group, record
from sinks.kafka.connection import Connection
from sinks.kafka.feed import KafkaFeed
from sinks.model import Envelope
from sinks.ports import Appender, Batch, Feed
from sinks.storage import Storage
from tests.servers import kafka
from tests.servers.process import free_port
from tests.sinks.feed_contract import SINK, message, number_of, recall, settle_all, stored, taken
from tests.sinks.kafka.storage import on_kafka

pytestmark = pytest.mark.server("kafka")


@pytest.fixture
def appender(storage: Storage) -> Iterator[Appender]:
    with closing(storage.open_appender()) as appender:
        yield appender


@pytest.fixture
def join(storage: Storage) -> Iterator[Callable[[], Feed]]:
    """Another worker each time."""
    joined: list[Feed] = []

    def another() -> Feed:
        joined.append(storage.open_feed(SINK, Event(), recall))
        return joined[-1]

    yield another
    for feed in joined:
        feed.close()


def settle(feed: Feed, batches: list[Batch]) -> None:
    feed.settle([(batch, stored(batch)) for batch in batches])


def account(storage: Storage) -> Account:
    with closing(storage.open_accounting()) as books:
        return books.account(SINK)


def everything_together(feeds: list[Feed], storage: Storage, number: int) -> None:
    """Let all of them work until so many are settled."""
    for _ in range(300):
        for feed in feeds:
            settle(feed, list(batches)) if (batches := feed.take(500, 0.1)) else None
        if account(storage).cursor == number:
            return
    raise TimeoutError(f"{account(storage)}")


def test_a_worker_that_joins_waits_for_work_that_is_about_to_be_settled(
    storage: Storage, appender: Appender, join: Callable[[], Feed]
) -> None:
    appender.append([message(number) for number in range(100)])
    first, second = join(), join()
    batches = list(taken(first))
    found: list[int] = []
    joining = Thread(target=lambda: found.extend(number_of(e) for b in taken(second) for e in b.entries))
    joining.start()
    joining.join(1)
    assert found == [], "nothing is given to another while it is in work"
    settle(first, batches)
    appender.append([message(number) for number in range(100, 200)])
    joining.join(30)
    assert found
    assert min(found) >= 100
    everything_together([first, second], storage, 200)
    assert account(storage).counts == {"stored": 200}


def test_work_of_an_older_assignment_is_dropped(
    storage: Storage, appender: Appender, join: Callable[[], Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "_GIVE_UP_S", 0.5)
    appender.append([message(number) for number in range(100)])
    first, second = join(), join()
    late = list(taken(first))
    second_batches = list(taken(second))  # the group did not wait for ever
    settle(second, second_batches)
    second.close()
    again = list(taken(first))  # what was the second's comes back, under another assignment
    assert {batch.epoch for batch in again}.isdisjoint({batch.epoch for batch in late})
    done = sum(len(batch.entries) for batch in second_batches)
    settle(first, late)
    assert account(storage).cursor == done
    assert account(storage).counts == {"stored": done}
    everything_together([first], storage, 100)
    assert account(storage).counts == {"stored": 100}


def test_a_consumer_that_is_stuck_is_left_behind(
    storage: Storage, appender: Appender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_QUIET_S", 0.5)
    with closing(KafkaFeed(Connection(storage.journal.kafka), SINK, recall)) as feed:
        appender.append([message(1)])
        settle_all(feed, 1)
        stuck = feed._member
        assert stuck is not None
        feed._connection.run(_pause(stuck._consumer), 10)
        appender.append([message(2)])
        assert [number_of(entry) for entry in settle_all(feed, 1)] == [2]
        assert feed._member is not stuck
    assert account(storage).counts == {"stored": 2}


async def _pause(consumer: Any) -> None:
    consumer.pause(*consumer.assignment())


def test_a_closed_feed_is_unavailable(join: Callable[[], Feed]) -> None:
    feed = join()
    feed.close()
    with pytest.raises(Unavailable, match="closed"):
        feed.take(10, 0.1)


def test_more_workers_than_partitions_have_nothing_to_do_and_do_no_harm(storage: Storage, cluster: kafka.Kafka) -> None:
    narrow = on_kafka(storage.data, cluster, partitions=1, replication=1)
    with closing(narrow.open_appender()) as appender, ExitStack() as held:
        appender.append([message(number) for number in range(100)])
        feeds = [held.enter_context(closing(narrow.open_feed(SINK, Event(), recall))) for _ in range(2)]
        everything_together(feeds, narrow, 100)
    assert account(narrow).counts == {"stored": 100}


def test_what_retention_took_before_it_was_settled_is_told_as_expired(
    storage: Storage, appender: Appender, join: Callable[[], Feed], cluster: kafka.Kafka
) -> None:
    appender.append([message(number) for number in range(40)])
    gone = asyncio.run(_delete_some(cluster, storage))
    assert 0 < gone < 40
    found = account(storage)
    assert (found.balanced, found.counts, found.in_flight) == (True, {"expired": gone}, 40 - gone)
    settle_all(join(), 40 - gone)
    found = account(storage)
    assert (found.balanced, found.counts, found.in_flight) == (True, {"expired": gone, "stored": 40 - gone}, 0)


async def _delete_some(cluster: kafka.Kafka, storage: Storage) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        parts = {TopicPartition(storage.journal.kafka.uplinks, n): RecordsToDelete(3) for n in range(2)}
        return sum((await admin.delete_records(parts)).values())
    finally:
        await admin.close()


def test_a_message_that_no_broker_would_take_is_kept_by_its_beginning(
    appender: Appender, join: Callable[[], Feed]
) -> None:
    body = b"7 7 " + b"x" * record.LARGEST
    appender.append([Envelope("main", None, message(7).topic, body, 5), message(1)])
    bodies = {entry.envelope.body for entry in settle_all(join(), 2)}
    assert bodies == {body[: record.LARGEST], message(1).body}


def test_a_cluster_that_is_not_there_is_unavailable(storage: Storage) -> None:
    nowhere = storage.journal.kafka.model_copy(update={"bootstrap": f"127.0.0.1:{free_port()}"})
    away = storage.model_copy(update={"journal": storage.journal.model_copy(update={"kafka": nowhere})})
    with closing(away.open_appender()) as appender, pytest.raises(Unavailable, match=nowhere.bootstrap):
        appender.append([message(1)])
    with closing(away.open_feed(SINK, Event(), recall)) as feed, pytest.raises(Unavailable, match=nowhere.bootstrap):
        feed.take(10, 0.1)


def test_more_replicas_than_brokers_are_refused(storage: Storage, cluster: kafka.Kafka) -> None:
    wanted = on_kafka(storage.data, cluster, partitions=2, replication=3)
    with closing(wanted.open_appender()) as appender, pytest.raises(Refused, match=r"[Rr]eplication"):
        appender.append([message(1)])
