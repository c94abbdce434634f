"""The fleet's messages on their way to a broker, or to a text file: the only module here that touches the world."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from secrets import token_hex
from threading import Event, Lock, Semaphore
from typing import Any, Final, TextIO

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from ingest.sources.mqtt import make_client
from ingest.sources.mqtt_settings import MqttSettings

from .mischief import Message, plan, stream
from .pace import Pace
from .stations import Fleet

IN_FLIGHT: Final = 50
"""Messages that wait for the broker's acknowledgement; the next one waits until one of them has it."""

LATE_S: Final = 2.0
"""A message that could not go out in time is dropped, as a network server drops it while its broker is away."""

_REPORT_S: Final = 10.0
_PATIENCE_S: Final = 0.2
_FAREWELL_S: Final = 0.4

log = logging.getLogger(__name__)

Report = Callable[[int, int], None]
"""`report(published, acknowledged)`: counts since the start, every few seconds and at the end."""


def log_report(published: int, acknowledged: int) -> None:
    """One line in the log."""
    log.info("simulated fleet: %d messages published, %d acknowledged", published, acknowledged)


def run(
    fleet: Fleet,
    broker: MqttSettings,
    speed: float,
    stop: Event,
    clock: Callable[[], float] = time.time,
    report: Report = log_report,
) -> None:
    """Publish until `stop` is set. Waits for the broker, as long as it takes; ends within a second of `stop`.

    `clock`: Unix seconds. Every device sends within 5 s after the broker answered, then each of its intervals.
    """
    publisher = _Publisher(broker, stop, clock, report)
    try:
        if publisher.connected():
            for message in stream(fleet, Pace(speed), clock()):
                if not publisher.publish(message):
                    break
    finally:
        publisher.close()


def write_jsonl(out: TextIO, fleet: Fleet, number: int, clock: Callable[[], float] = time.time) -> None:
    """The first messages of a start at this moment, one JSON object a line, as `smartcity unwrap` reads them."""
    _write(out, plan(fleet, number, clock()))


def _write(out: TextIO, messages: Iterable[Message]) -> None:
    for message in messages:
        line = {"topic": message.topic, "network": message.network, "body": msgspec.Raw(message.body)}
        out.write(msgspec.json.encode(line).decode() + "\n")


class _Publisher:
    """One connection, and never more than `IN_FLIGHT` messages that the broker has not acknowledged."""

    def __init__(self, broker: MqttSettings, stop: Event, clock: Callable[[], float], report: Report) -> None:
        self._stop, self._clock, self._report = stop, clock, report
        self._where = f"{broker.host}:{broker.port}"
        self._answered = Event()
        self._free = Semaphore(IN_FLIGHT)
        self._counting = Lock()
        self._published = self._acknowledged = 0
        self._reported_s = time.monotonic()
        self._client = _client(broker)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.connect_async(broker.host, broker.port)
        self._client.loop_start()

    def connected(self) -> bool:
        """Wait for the broker's first answer; False when told to stop before."""
        while not self._stop.is_set():
            if self._answered.wait(_PATIENCE_S):
                return True
        return False

    def publish(self, message: Message) -> bool:
        """Wait until it is due and there is room, then send it; False when told to stop before."""
        if self._stop.wait(max(0.0, message.at_s - self._clock())):
            return False
        while not self._free.acquire(timeout=_PATIENCE_S):
            if self._stop.is_set():
                return False
        if self._clock() - message.at_s > LATE_S:
            self._free.release()
            return True
        self._client.publish(message.topic, message.body, qos=1)
        self._published += 1
        if time.monotonic() - self._reported_s >= _REPORT_S:
            self._tell()
        return True

    def close(self) -> None:
        """Give the broker a moment to acknowledge the last messages, then go."""
        deadline = time.monotonic() + _FAREWELL_S
        while self._client.is_connected() and self._acknowledged < self._published and time.monotonic() < deadline:
            time.sleep(0.01)
        self._client.disconnect()
        self._client.loop_stop()
        self._tell()

    def _tell(self) -> None:
        self._reported_s = time.monotonic()
        self._report(self._published, self._acknowledged)

    def _on_connect(self, _c: paho.Client, _u: Any, _flags: paho.ConnectFlags, code: ReasonCode, _p: Any) -> None:
        if code.is_failure:
            log.error("the broker %s refuses the simulated fleet: %s", self._where, code)
            return
        self._answered.set()

    def _on_publish(self, _c: paho.Client, _u: Any, _mid: int, _code: ReasonCode, _p: Any) -> None:
        with self._counting:
            self._acknowledged += 1
        self._free.release()


def _client(broker: MqttSettings) -> paho.Client:
    """With the broker's login and TLS, but an identity of its own, so that several fleets can share a broker."""
    own = broker.model_copy(update={"client_id": f"smartcity-simulate-{token_hex(4)}", "version": "3.1.1"})
    client = make_client(own, clean=True)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.reconnect_delay_set(min_delay=1, max_delay=2)
    return client
