"""A disk that is full, with a real file system: the intake waits, says so, and goes on by itself when there is room."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.faults.city import ROOMY, Publisher, load, settle_in
from tests.faults.intake import (
    account,
    alarms,
    all_is_accounted_for,
    has_settled,
    received,
    said,
    status,
    stored,
    working,
)
from tests.faults.test_broker import ours
from tests.servers import mosquitto, tmpfs
from tests.servers.process import wait_for

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.server("tmpfs"), pytest.mark.timeout(180)]

MEGABYTES = 64
EAGER = ROOMY.replace("max_inflight_messages 1000", "max_inflight_messages 0")
"""A broker that sends all that waits, whatever is not acknowledged yet."""
SOON = {"SMARTCITY_MQTT__MAIN__KEEPALIVE_S": "5"}
"""A source leaves when nothing is kept for a quarter of this."""


def put_on(disk: tmpfs.Disk, storage: Storage, name: str) -> None:
    """This file of the data folder lies on that disk."""
    storage.data.mkdir()
    (storage.data / name).symlink_to(disk.folder / name)


def waits_at_the_broker(storage: Storage, publisher: Publisher) -> bool:
    return publisher.confirmed - received(storage) > 3000


def test_a_full_disk_of_the_journal_stops_acknowledging_and_nothing_is_lost(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    with tmpfs.mounted(tmp_path / "disk", MEGABYTES) as disk, mosquitto.running(EAGER) as broker:
        put_on(disk, storage, "journal.db")
        settle_in(storage)
        with working(storage, broker, **SOON) as intake:
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 100, 30, "the first stored messages")
                disk.fill()
                wait_for(lambda: "paused" in alarms(storage), 30, "the alarm")
                wait_for(lambda: waits_at_the_broker(storage, publisher), 30, "a backlog at the broker")
                answer = status(storage, broker)
                assert answer["code"] == 1
                assert any("is its disk full" in sentence for sentence in answer["wrong"])
                assert intake.poll() is None
                disk.make_room()
            wait_for(lambda: has_settled(storage, publisher.sent), 60, "the end of the backlog")
        assert "journal.db: database or disk is full" in said(storage)
        answer = all_is_accounted_for(storage, broker, publisher.sent)
        assert (answer["code"], answer["wrong"]) == (0, [])


def test_a_journal_that_takes_nothing_is_an_alarm_with_a_broker_that_waits_for_acknowledgements(tmp_path: Path) -> None:
    """As ours does: it holds back the rest, so that we never have to leave."""
    storage = Storage(data=tmp_path / "data")
    with tmpfs.mounted(tmp_path / "disk", MEGABYTES) as disk, mosquitto.running(ours()) as broker:
        put_on(disk, storage, "journal.db")
        settle_in(storage)
        with working(storage, broker):
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 100, 30, "the first stored messages")
                disk.fill()
                wait_for(lambda: "not_kept" in alarms(storage), 30, "the alarm")
                answer = status(storage, broker)
                assert answer["code"] == 1
                assert any("database or disk is full" in sentence for sentence in answer["wrong"])
                disk.make_room()
                wait_for(lambda: "not_kept" not in alarms(storage), 30, "the end of the alarm")
            wait_for(lambda: has_settled(storage, publisher.sent), 60, "the end of the backlog")
        all_is_accounted_for(storage, broker, publisher.sent)


def test_a_full_disk_of_the_store_stops_the_store_alone_and_nothing_is_lost(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    with tmpfs.mounted(tmp_path / "disk", MEGABYTES) as disk, mosquitto.running(ROOMY) as broker:
        put_on(disk, storage, "store.db")
        settle_in(storage)
        with working(storage, broker) as intake:
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 100, 30, "the first stored messages")
                disk.fill()
                wait_for(lambda: account(storage).in_flight > 2000, 30, "a backlog in the journal")
                answer = status(storage, broker, "--stalled-after", "1")
                assert answer["code"] == 1
                assert any("stands still" in sentence for sentence in answer["wrong"])
                assert answer["sinks"]["embedded"]["balanced"]
                assert intake.poll() is None
                disk.make_room()
            wait_for(lambda: has_settled(storage, publisher.sent), 60, "the end of the backlog")
        assert "embedded is away" in said(storage)
        assert "store.db: database or disk is full" in said(storage)
        answer = all_is_accounted_for(storage, broker, publisher.sent)
        assert (answer["code"], answer["wrong"]) == (0, [])


def test_a_full_disk_of_everything_also_of_the_log_loses_nothing(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "disk" / "data")
    with tmpfs.mounted(tmp_path / "disk", MEGABYTES) as disk, mosquitto.running(EAGER) as broker:
        settle_in(storage)
        with working(storage, broker, **SOON) as intake:
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 100, 30, "the first stored messages")
                disk.fill()
                wait_for(lambda: waits_at_the_broker(storage, publisher), 30, "a backlog at the broker")
                assert account(storage).balanced
                assert intake.poll() is None
                disk.make_room()
            wait_for(lambda: has_settled(storage, publisher.sent), 60, "the end of the backlog")
        answer = all_is_accounted_for(storage, broker, publisher.sent)
        assert (answer["code"], answer["wrong"]) == (0, [])
        assert answer["sources"]["main"]["paused"]["count"] > 0
