from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Thread

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from ingest.networks.model import Outcome
from ingest.simulate import Message, run, write_jsonl
from ingest.simulate.publish import IN_FLIGHT, LATE_S, _Publisher
from ingest.sources.mqtt_settings import MqttSettings
from ingest.unwrap import unwrap, unwrap_line
from sinks.model import Envelope
from tests.ingest.simulate.city import FLEET, START_S, STATIONS, planned
from tests.servers import mosquitto
from tests.servers.process import free_port, wait_for

pytestmark = pytest.mark.server("mosquitto")


def settings(port: int) -> MqttSettings:
    return MqttSettings(host="127.0.0.1", port=port)


@dataclass
class Heard:
    """What a subscriber gets, and what the publisher says of itself."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    reports: list[tuple[int, int]] = field(default_factory=list)

    def report(self, published: int, acknowledged: int) -> None:
        self.reports.append((published, acknowledged))


@contextmanager
def subscribed(port: int, heard: Heard) -> Iterator[None]:
    ready = Event()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: heard.messages.append((message.topic, bytes(message.payload)))
    client.on_subscribe = lambda *_: ready.set()
    client.on_connect = lambda connected, *_: connected.subscribe([("v3/#", 1), ("application/#", 1)])
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert ready.wait(10)
        yield
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def simulating(
    port: int, heard: Heard, speed: float = 60.0, login: Mapping[str, object] | None = None
) -> Iterator[None]:
    stop, broker = Event(), settings(port).model_copy(update=login)
    thread = Thread(target=run, args=(FLEET, broker, speed, stop), kwargs={"report": heard.report}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()


def devices(heard: Heard) -> set[str]:
    found = set()
    for topic, _ in heard.messages:
        found.add(topic.split("/")[3].removeprefix("eui-"))
    return found


def test_the_whole_fleet_is_heard_at_the_broker() -> None:
    heard = Heard()
    with mosquitto.running() as broker, subscribed(broker.port, heard):
        with simulating(broker.port, heard):
            wait_for(lambda: len(devices(heard)) > 60, 30, "most of the fleet")
        assert devices(heard) <= set(STATIONS)
        published, acknowledged = heard.reports[-1]
        wait_for(lambda: len(heard.messages) == published, 10, "the last message")
        assert acknowledged == published


def test_messages_were_received_just_now() -> None:
    heard = Heard()
    with mosquitto.running() as broker, subscribed(broker.port, heard), simulating(broker.port, heard):
        wait_for(lambda: len(heard.messages) > 10, 30, "some messages")
    for topic, body in heard.messages:
        (uplink,) = unwrap(Envelope("test", None, topic, body, time.time_ns()))
        assert uplink.outcome in {Outcome.DATA, Outcome.JOIN}
        assert uplink.flags == ()  # neither late nor implausible


def test_it_waits_for_a_broker_that_comes_later_and_outlives_its_restart() -> None:
    heard = Heard()
    with mosquitto.running() as broker:
        broker.process.stop()
        with simulating(broker.port, heard, speed=600):
            broker.process.start()
            with subscribed(broker.port, heard):
                wait_for(lambda: len(heard.messages) > 20, 30, "messages after the broker came")
            broker.process.kill()
            broker.process.start()
            before = len(heard.messages)
            with subscribed(broker.port, heard):
                wait_for(lambda: len(heard.messages) > before + 20, 30, "messages after the broker came back")


def test_it_ends_when_told_to_although_there_is_no_broker() -> None:
    heard = Heard()
    with simulating(free_port(), heard):
        pass
    assert heard.reports == [(0, 0)]


def test_a_refused_login_is_told_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    closed = "listener 1883\nallow_anonymous false\npassword_file /mosquitto/config/passwords\n"
    heard = Heard()
    with mosquitto.running(closed, {"config/passwords": ""}) as broker:
        login = {"username": "nobody", "password": SecretStr("wrong-password-1")}
        with simulating(broker.port, heard, login=login):
            wait_for(lambda: "refuses" in caplog.text, 10, "the refusal")
    assert heard.reports == [(0, 0)]
    assert f"{broker.port}" in caplog.text
    assert "wrong-password-1" not in caplog.text


def at(message: Message, at_s: float) -> Message:
    return replace(message, at_s=at_s)


@contextmanager
def publishing(port: int, stop: Event) -> Iterator[_Publisher]:
    publisher = _Publisher(settings(port), stop, lambda: START_S, lambda *_: None)
    try:
        assert publisher.connected()
        yield publisher
    finally:
        stop.set()
        publisher.close()


def test_a_broker_that_does_not_answer_gets_no_more_than_its_share() -> None:
    message, stop = at(planned()[0], START_S), Event()
    with mosquitto.running() as broker, publishing(broker.port, stop) as publisher:
        broker.process.pause()
        for _ in range(IN_FLIGHT):
            assert publisher.publish(message)
        one_more = Thread(target=publisher.publish, args=(message,), daemon=True)
        one_more.start()
        one_more.join(timeout=0.5)
        assert one_more.is_alive()
        assert publisher._published - publisher._acknowledged == IN_FLIGHT
        broker.process.resume()
        one_more.join(timeout=10)
        wait_for(lambda: publisher._acknowledged == IN_FLIGHT + 1, 10, "all acknowledgements")


def test_what_could_not_go_out_in_time_is_dropped() -> None:
    with mosquitto.running() as broker, publishing(broker.port, Event()) as publisher:
        assert publisher.publish(at(planned()[0], START_S - LATE_S - 1))
        assert publisher._published == 0


def test_nothing_goes_out_before_its_time() -> None:
    stop = Event()
    with mosquitto.running() as broker, publishing(broker.port, stop) as publisher:
        waiting = Thread(target=publisher.publish, args=(at(planned()[0], START_S + 3600),), daemon=True)
        waiting.start()
        stop.set()
        waiting.join(timeout=10)
        assert not waiting.is_alive()
        assert publisher._published == 0


def test_printed_lines_are_what_unwrap_reads() -> None:
    out = io.StringIO()
    write_jsonl(out, FLEET, 50, clock=lambda: START_S)
    lines = out.getvalue().splitlines()
    assert [json.loads(line)["body"] for line in lines] == [json.loads(m.body) for m in planned()[:50]]
    results = [result for number, line in enumerate(lines, 1) for result in unwrap_line(line, number)]
    assert [result["dev_eui"] for result in results] == [message.dev_eui for message in planned()[:50]]
    assert {result["outcome"] for result in results} <= {"data", "join"}
