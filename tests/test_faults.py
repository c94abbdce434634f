"""What a city's night brings: the store away, hanging or refusing one value, poison among the messages.

Always with the real intake over real servers, and always the same question: is everything that was sent stored once or
a dead letter with its reason, and do the books say so?
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from sinks.storage import Storage, StoreSettings
from tests.ingest.house import chirpstack
from tests.servers import influxdb, mosquitto
from tests.servers.process import wait_for
from tests.test_kill import ROOMY, Publisher, eui, frame, frames_in, intake, settle_in

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.timeout(180)]


@contextmanager
def working(storage: Storage, broker: mosquitto.Mosquitto) -> Iterator[Path]:
    """The intake with its session at the broker, until the block ends; gives its log."""
    settle_in(storage)
    log = storage.data / "ingest.log"
    process = intake(storage, broker, log)
    try:
        wait_for(lambda: log.exists() and "listening to" in log.read_text(), 30, "the intake's session")
        yield log
    finally:
        process.terminate()
        process.wait(20)


class Account(NamedTuple):
    """What the files say: messages received, settled by outcome, and not yet settled."""

    received: int
    counts: dict[str, int]
    in_flight: int

    @property
    def balanced(self) -> bool:
        return self.received == sum(self.counts.values()) + self.in_flight


def account(storage: Storage) -> Account:
    """The ledger first: what is settled while we look counts as in flight."""
    with closing(storage.open_journal()) as journal, closing(storage.open_ledger()) as ledger:
        while True:
            counts, cursor = ledger.counts(storage.store.kind), ledger.cursor(storage.store.kind)
            if sum(counts.values()) == cursor or cursor == ledger.cursor(storage.store.kind):
                received = journal.bounds()[1]
                return Account(received, counts, received - cursor)


def settled(storage: Storage, messages: int) -> bool:
    found = account(storage)
    return found.received >= messages and found.in_flight == 0


def stored_on(server: influxdb.Influxdb, folder: Path) -> Storage:
    chosen = {
        "kind": "influxdb",
        "influxdb": {
            "url": server.url,
            "org": server.org,
            "bucket": server.bucket,
            "write_token": server.write_token,
            "read_token": server.read_token,
            "timeout_s": 2,
        },
    }
    return Storage(data=folder / "data", store=StoreSettings.model_validate(chosen))


def publish(broker: mosquitto.Mosquitto, topic: str, *bodies: bytes) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, "fault-test")
    client.connect(broker.host, broker.port)
    client.loop_start()
    for message in [client.publish(topic, body, qos=1) for body in bodies]:
        message.wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def spoil(server: influxdb.Influxdb) -> None:
    """As another program might have done: an integer where we write a float, in today's shard."""
    with httpx.Client(headers={"Authorization": f"Token {server.write_token}"}) as client:
        where = {"org": server.org, "bucket": server.bucket}
        line = "bin_level,tenant=other temperature_c=1i"
        client.post(f"{server.url}/api/v2/write", params=where, content=line).raise_for_status()


def all_sent_is_stored_once(storage: Storage, sent: int) -> None:
    stored = list(frames_in(storage))
    assert len(stored) == len(set(stored)) == sent
    found = account(storage)
    assert found.balanced
    assert found.counts == {"stored": sent}


@pytest.mark.server("influxdb")
@pytest.mark.parametrize("fault", ["killed", "hanging"])
def test_while_influxdb_is_away_messages_wait_and_then_all_are_stored_once(tmp_path: Path, fault: str) -> None:
    with influxdb.running() as server, mosquitto.running(ROOMY) as broker:
        storage = stored_on(server, tmp_path)
        with working(storage, broker) as log:
            publisher, stop = Publisher(broker), Event()
            load = Thread(target=publisher.run, args=(stop,))
            load.start()
            wait_for(lambda: account(storage).counts.get("stored", 0) > 100, 30, "the first stored messages")
            server.process.kill() if fault == "killed" else server.process.pause()
            wait_for(lambda: "influxdb is away" in log.read_text(), 60, "word that the store is away")
            wait_for(lambda: account(storage).in_flight > 1000, 60, "a backlog")
            assert account(storage).balanced
            server.process.start() if fault == "killed" else server.process.resume()
            stop.set()
            load.join(timeout=90)
            wait_for(lambda: settled(storage, publisher.sent), 90, "the end of the backlog")
        all_sent_is_stored_once(storage, publisher.sent)
        assert server.write_token not in log.read_text()


@pytest.mark.server("influxdb")
def test_a_value_whose_type_the_database_has_spoilt_costs_that_value_only(tmp_path: Path) -> None:
    """The case that stops other agents for good: 422 for the batch, unacknowledged for ever."""
    with influxdb.running() as server, mosquitto.running(ROOMY) as broker:
        storage = stored_on(server, tmp_path)
        spoil(server)
        with working(storage, broker):
            sent = 300
            publish(broker, "application/a/device/x/event/up", *(frame(number)[1] for number in range(sent)))
            wait_for(lambda: settled(storage, sent), 60, "all messages")
        with closing(storage.open_ledger()) as ledger:
            letters = ledger.dead_letter_counts()
        assert letters.keys() == {"write/field_type"}
        assert account(storage).balanced
        assert account(storage).counts == {"stored": sent}
        stored = list(frames_in(storage))
        assert len(stored) == len(set(stored)) == sent


POISON = {
    "no json": b"{not json",
    "not utf-8": b'{"deviceInfo": "\xff\xfe"}',
    "empty": b"",
    "not a number": b'{"deviceInfo": {"devEui": "24e1240000000000"}, "time": NaN}',
    "too large": b'{"x": "' + b"x" * 2_000_000 + b'"}',
    "too deep": b"[" * 100_000,
    "a text for a number": json.dumps(json.loads(chirpstack()) | {"fCnt": "a lot"}).encode(),
    "huge number": b'{"deviceInfo": {"devEui": "24e1240000000000"}, "fCnt": ' + b"9" * 5000 + b"}",
    "a device that cannot be": chirpstack(eui="no hex at all!!!"),
    "a stranger": chirpstack(eui="ffffffff00000000", frame_id="stranger"),
    "a wrong port": chirpstack(eui=eui(0), f_port=99, frame_id="port"),
    "an unknown item": chirpstack(eui=eui(0), payload="ee01", frame_id="item"),
}


def test_poison_becomes_dead_letters_and_harms_nobody(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    with mosquitto.running(ROOMY) as broker, working(storage, broker):
        good, topic = 200, "application/a/device/x/event/up"
        for number, body in enumerate(POISON.values()):
            publish(broker, topic, frame(number)[1], body)
        publish(broker, topic, *(frame(number)[1] for number in range(len(POISON), good)))
        wait_for(lambda: settled(storage, good + len(POISON)), 60, "all messages")
    with closing(storage.open_ledger()) as ledger:
        letters = ledger.dead_letters()
    found = account(storage)
    assert found.balanced
    assert found.counts == {"stored": good, "dead_letter": len(POISON)}
    assert {letter.reason.split("/")[0] for letter in letters} == {"unwrap", "decode", "observe"}
    assert all(letter.detail for letter in letters)


def test_duplicate_keys_in_json_take_the_last_as_every_reader_does(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    body = frame(0)[1]
    twice = body[:-1] + b', "fCnt": 77}'
    with mosquitto.running(ROOMY) as broker, working(storage, broker):
        publish(broker, "application/a/device/x/event/up", twice)
        wait_for(lambda: settled(storage, 1), 30, "the message")
    assert list(frames_in(storage)) == [(eui(0), 77)]
