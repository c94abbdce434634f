"""kill -9, at every step and at any moment, under load: what the broker got an acknowledgement for is stored once.

The broker is a real Mosquitto that lives on; the intake is the real command.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.faults.city import ROOMY, identity, load, settle_in
from tests.faults.intake import (
    account,
    all_is_accounted_for,
    ended,
    frames_in,
    has_settled,
    listening,
    received,
    start,
    status,
    working,
)
from tests.servers import influxdb, mosquitto
from tests.servers.process import wait_for
from tests.test_way import kept

__all__ = ["kept"]

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.timeout(600)]

KILLS = 50 if os.environ.get("CI") == "true" else 8

DYING = str(Path(__file__).with_name("dying.py"))
APPEND, READ = "sinks.journal:SqliteJournal.append", "sinks.journal:SqliteJournal.read"
ACKNOWLEDGE = "ingest.sources.stream:Stream.acknowledge"
SETTLE = "sinks.ledger:SqliteLedger.settle"


def killed_at(storage: Storage, broker: mosquitto.Mosquitto, point: str, moment: str, nth: int) -> int:
    """Run the intake under load until it dies at that point; gives how many messages were sent."""
    dying = listening(storage, broker, (DYING, point, moment, str(nth)))
    try:
        with load(broker) as publisher:
            assert dying.wait(60) == -signal.SIGKILL
    finally:
        dying.kill()
    return publisher.sent


def nothing_is_lost(storage: Storage, broker: mosquitto.Mosquitto, sent: int) -> dict[str, int]:
    """A normal intake finishes the job. Gives the number of events by code at the source."""
    assert status(storage, broker)["sinks"][storage.store.kind]["balanced"]
    with working(storage, broker):
        wait_for(lambda: has_settled(storage, sent), 60, "the end of the backlog")
    answer = all_is_accounted_for(storage, broker, sent)
    assert (answer["code"], answer["wrong"]) == (0, [])
    return {code: event["count"] for code, event in answer["sources"]["main"].items()}


@pytest.mark.parametrize(
    ("point", "moment", "nth"),
    [
        pytest.param(APPEND, "before", 5, id="received-not-appended"),
        pytest.param(APPEND, "after", 5, id="appended-not-acknowledged"),
        pytest.param(ACKNOWLEDGE, "before", 5, id="acknowledged-in-part"),
        pytest.param(ACKNOWLEDGE, "after", 5, id="acknowledged"),
    ],
)
def test_killed_while_receiving_nothing_is_lost_and_what_comes_again_is_a_duplicate(
    tmp_path: Path, point: str, moment: str, nth: int
) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    with mosquitto.running(ROOMY) as broker:
        sent = killed_at(storage, broker, point, moment, nth)
        events = nothing_is_lost(storage, broker, sent)
    duplicates = account(storage).counts.get("duplicate", 0)
    assert duplicates <= events.get("redelivered", 0)
    if (point, moment) in ((APPEND, "after"), (ACKNOWLEDGE, "before")):
        assert duplicates > 0


def killed_while_delivering(storage: Storage, point: str, moment: str) -> None:
    settle_in(storage)
    with mosquitto.running(ROOMY) as broker:
        sent = killed_at(storage, broker, point, moment, 3)
        if point != SETTLE:
            assert account(storage).in_flight > 0
        nothing_is_lost(storage, broker, sent)


@pytest.mark.parametrize(
    ("point", "moment"),
    [
        pytest.param(READ, "after", id="read-not-written"),
        pytest.param(SETTLE, "before", id="written-not-settled"),
        pytest.param(SETTLE, "after", id="settled"),
    ],
)
def test_killed_while_delivering_nothing_is_lost_and_nothing_stored_twice(
    tmp_path: Path, point: str, moment: str
) -> None:
    killed_while_delivering(Storage(data=tmp_path / "data"), point, moment)


@pytest.mark.server("influxdb")
def test_killed_between_influxdb_and_the_books_nothing_is_lost_and_nothing_stored_twice(tmp_path: Path) -> None:
    with influxdb.running() as server:
        storage = Storage(data=tmp_path / "data", store=server.store())
        killed_while_delivering(storage, "sinks.influxdb.write:InfluxStore.write", "after")


def test_receiving_killed_by_itself_is_taken_up_again_while_processing_goes_on(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    with mosquitto.running(ROOMY) as broker:
        processing = start(storage, broker, half="process")
        with ended(processing):
            receiving = listening(storage, broker, (DYING, ACKNOWLEDGE, "before", "5"), half="receive")
            with load(broker) as publisher:
                assert receiving.wait(60) == -signal.SIGKILL
            with ended(listening(storage, broker, half="receive")):
                wait_for(lambda: has_settled(storage, publisher.sent), 60, "all messages")
            assert processing.poll() is None
        answer = all_is_accounted_for(storage, broker, publisher.sent)
    assert answer["sinks"]["embedded"]["duplicates"] > 0


def test_processing_killed_by_itself_is_taken_up_again_while_receiving_goes_on(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    with mosquitto.running(ROOMY) as broker:
        receiving = listening(storage, broker, half="receive")
        with ended(receiving):
            processing = start(storage, broker, (DYING, SETTLE, "before", "3"), half="process")
            with load(broker) as publisher:
                assert processing.wait(60) == -signal.SIGKILL
                kept_then = received(storage)
                wait_for(lambda: received(storage) > kept_then + 300, 30, "messages kept while nobody processes")
            with ended(start(storage, broker, half="process")):
                wait_for(lambda: has_settled(storage, publisher.sent), 60, "all messages")
            assert receiving.poll() is None
        all_is_accounted_for(storage, broker, publisher.sent)


def test_nothing_is_lost_and_nothing_doubled_however_often_the_intake_is_killed(kept: Storage) -> None:
    settle_in(kept)
    chance = random.Random(7)  # noqa: S311 any moments will do
    with mosquitto.running(ROOMY) as broker:
        # Once undisturbed, so that the broker holds our session before the first message is published.
        with working(kept, broker):
            pass
        with load(broker) as publisher:
            for _ in range(KILLS):
                before = received(kept)
                process = start(kept, broker)
                wait_for(lambda kept_before=before: received(kept) > kept_before, 30, "the intake at work")  # type: ignore[misc]
                time.sleep(chance.uniform(0.0, 0.5))  # somewhere between any two steps
                process.kill()
                process.wait()
        with working(kept, broker):
            wait_for(lambda: has_settled(kept, publisher.sent), 240, "the rest of the backlog")
        all_is_accounted_for(kept, broker, publisher.sent)
    assert frames_in(kept).keys() == {identity(number) for number in range(publisher.sent)}
    again = account(kept).received - publisher.sent
    print(f"{KILLS} kills, {publisher.sent} messages, {again} of them came again")  # noqa: T201
