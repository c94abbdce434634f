"""The broker killed under load: with our configuration it knows our session again, without one we are heard anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from sinks.storage import Storage
from tests.door import ROOT
from tests.faults.city import TOPIC, as_things_stack, frame, load, publish, settle_in
from tests.faults.intake import alarms, all_is_accounted_for, has_settled, received, said, stored, working
from tests.servers import mosquitto, things_stack_storage
from tests.servers.process import wait_for

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.timeout(180)]


def ours() -> str:
    """The configuration that we ship; only its logins are left out."""
    text = (ROOT / "deploy/mosquitto/mosquitto.conf").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("password_file", "acl_file", "include_dir"))]
    return "\n".join(lines).replace("allow_anonymous false", "allow_anonymous true")


def sound(answer: dict[str, Any]) -> dict[str, int]:
    """Nothing calls for anybody; gives the number of events by code at the source."""
    assert (answer["code"], answer["wrong"]) == (0, [])
    return {code: event["count"] for code, event in answer["sources"]["main"].items()}


def test_killed_under_load_our_broker_knows_our_session_and_nothing_confirmed_is_lost(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    with mosquitto.running(ours()) as broker:
        with working(storage, broker):
            broker.save()
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 500, 30, "the first stored messages")
                broker.process.kill()
                wait_for(lambda: "disconnected" in alarms(storage), 10, "the alarm")
                broker.process.start()
                wait_for(lambda: alarms(storage) == set(), 20, "the connection")
            wait_for(lambda: has_settled(storage, publisher.sent), 60, "all messages")
        events = sound(all_is_accounted_for(storage, broker, publisher.sent))
    assert (events["connected"], events["disconnected"]) == (2, 1)
    assert "session_lost" not in events


def test_what_waited_in_our_broker_when_it_was_killed_comes_when_it_is_back(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    sent = 3000
    with mosquitto.running(ours()) as broker:
        with working(storage, broker):
            pass
        publish(broker, TOPIC, *(frame(number) for number in range(sent)))
        broker.save()
        broker.process.kill()
        broker.process.start()
        with working(storage, broker):
            wait_for(lambda: has_settled(storage, sent), 60, "all messages")
        assert "session_lost" not in sound(all_is_accounted_for(storage, broker, sent))


class ThingsStack:
    """Publishes as The Things Stack does: with QoS 0, forgotten when nobody is there, and kept in its own storage."""

    def __init__(self, broker: mosquitto.Mosquitto, kept: things_stack_storage.Storage) -> None:
        self.sent = 0
        self._kept = kept
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "things-stack")
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def run(self, stop: Event) -> None:
        while not stop.wait(0.01):
            message = as_things_stack(self.sent)
            self._kept.messages.append(message)
            self._client.publish("v3/city@ttn/devices/bin/up", json.dumps(message), qos=0)
            self.sent += 1
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def publishing(broker: mosquitto.Mosquitto, kept: things_stack_storage.Storage) -> Iterator[ThingsStack]:
    server, stop = ThingsStack(broker, kept), Event()
    thread = Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join(timeout=10)


def test_a_broker_that_forgot_us_finds_us_subscribed_and_what_it_dropped_comes_from_the_storage(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    with mosquitto.running() as broker, things_stack_storage.running() as kept:
        settings = {
            "SMARTCITY_BACKFILL__CITY__URL": kept.url,
            "SMARTCITY_BACKFILL__CITY__APPLICATION": "city",
            "SMARTCITY_BACKFILL__CITY__API_KEY": things_stack_storage.KEY,
        }
        with working(storage, broker, **settings):
            with publishing(broker, kept) as server:
                wait_for(lambda: stored(storage) > 100, 30, "the first stored messages")
                broker.process.kill()
                dropped = server.sent + 50
                wait_for(lambda: server.sent > dropped, 30, "messages that nobody hears")
                broker.process.start()
                wait_for(lambda: "session_lost" in alarms(storage), 20, "the alarm")
                wait_for(lambda: said(storage).count("listening to") == 2, 10, "the subscription")
                again = received(storage) + 100
                wait_for(lambda: received(storage) > again, 20, "messages again")
            wait_for(lambda: has_settled(storage, server.sent), 60, "the back-fill")
        answer = all_is_accounted_for(storage, broker, server.sent)
    assert answer["code"] == 1
    assert ["session_lost" in sentence for sentence in answer["wrong"]] == [True]
    assert answer["sources"]["main"]["message"]["count"] < server.sent
