from __future__ import annotations

import asyncio
import time

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from sinks.kafka import past as past_module
from sinks.ports import Appender, Past
from sinks.storage import Storage
from tests.sinks.feed_contract import message, number_of
from tests.sinks.past_contract import PastContract, appender, everything, past

__all__ = ["appender", "past"]

pytestmark = pytest.mark.server("kafka")


class TestKafka(PastContract):
    """Partitions of a topic on a real broker."""


def test_it_begins_with_what_the_broker_dated_to_that_time(
    appender: Appender, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_module, "CLOCKS_APART_MS", 0)
    appender.append([message(number) for number in range(30)])
    time.sleep(0.05)
    since_ns = time.time_ns()
    time.sleep(0.05)
    appender.append([message(number) for number in range(30, 60)])
    assert sorted(map(number_of, everything(past, since_ns))) == list(range(30, 60))
    assert everything(past, time.time_ns() + 10**9) == []


def test_a_receiver_whose_clock_is_ahead_is_found(appender: Appender, past: Past) -> None:
    appender.append([message(number) for number in range(30)])
    assert len(everything(past, time.time_ns() + 60 * 10**9)) == 30


def test_what_retention_took_is_counted(appender: Appender, past: Past, storage: Storage) -> None:
    appender.append([message(number) for number in range(60)])
    whole = {stretch.lane: stretch for stretch in past.stretches(0)}
    asyncio.run(delete(storage, dict.fromkeys(whole, 2)))
    for stretch in past.stretches(0):
        before = whole[stretch.lane]
        assert (stretch.first, stretch.gone, stretch.last) == (before.first + 2, 2, before.last)
    assert len(everything(past)) == 60 - 2 * len(whole)


async def delete(storage: Storage, through: dict[int, int]) -> None:
    """As retention does, at once: everything before these offsets."""
    kafka = storage.journal.kafka
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(kafka.uplinks, lane): RecordsToDelete(before_offset=at) for lane, at in through.items()}
        )
    finally:
        await admin.close()
