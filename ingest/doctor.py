"""Is this installation able to lose nothing? Each check tries the real thing and says what to mend.

The broker is measured, not believed: a session of our own goes away, messages are published to it, and what comes
back is counted. MQTT has no way to ask a broker for its queue limit, and the usual default drops silently.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from secrets import token_hex
from threading import Event
from typing import Any, Final, Literal

import paho.mqtt.client as paho

from sinks.books import Account
from sinks.errors import SinkError
from sinks.storage import Storage

from .sources.mqtt import make_client
from .sources.mqtt_settings import MqttSettings
from .status import imbalance
from .supervise import port_is_free

QUEUE_PROBE: Final = 2_000
"""More than the 1,000 that Mosquitto queues by default; a city's evening outage is longer than either."""
_ANSWER_S: Final = 5.0
_FREE_BYTES: Final = 1 << 30
_TIME_ERROR: Final = 5

Verdict = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it stands, and one sentence that says what to mend when it is not ok."""

    subject: str
    verdict: Verdict
    text: str


def check_folder(folder: Path) -> Iterator[Finding]:
    """The data folder: there, ours to write, and with room."""
    nearest = next(p for p in (folder, *folder.resolve().parents) if p.exists())
    if not os.access(nearest, os.W_OK):
        yield Finding("folder", "failed", f"{nearest} cannot be written: choose another data folder or mend its rights")
        return
    free = shutil.disk_usage(nearest).free
    if free < _FREE_BYTES:
        yield Finding("folder", "warning", f"{folder} has only {free >> 20} MiB free: make room or move it")
    else:
        yield Finding("folder", "ok", f"{folder} can be written, {free >> 30} GiB free")


def check_clock() -> Iterator[Finding]:
    """The machine's clock: event times of sources without one of their own, and every age shown, depend on it."""
    buffer = ctypes.create_string_buffer(256)  # struct timex; modes = 0 only reads
    state = ctypes.CDLL(None).adjtimex(buffer)
    if time.gmtime().tm_year < 2026:
        yield Finding("clock", "failed", f"the clock says {time.gmtime().tm_year}: set it, and start a time service")
    elif state == _TIME_ERROR:
        yield Finding("clock", "warning", "the kernel says that the clock is not synchronised: start a time service")
    else:
        yield Finding("clock", "ok", "synchronised")


def check_ports(ports: dict[str, tuple[str, int]]) -> Iterator[Finding]:
    """Ports that we listen on: free, or taken by somebody (perhaps by us)."""
    for name, (host, port) in ports.items():
        if port_is_free(host, port):
            yield Finding(f"port {name}", "ok", f"{host}:{port} is free")
        else:
            yield Finding(f"port {name}", "warning", f"{host}:{port} is in use: by us if we run, else choose another")


def check_stores(storage: Storage) -> Iterator[Finding]:
    """Journal, ledger, registry and store can be opened; the store says what it lacks; the books agree."""
    try:
        books, registry = storage.open_accounting(), storage.open_registry()
        yield Finding("registry", "ok", f"{len(registry.devices())} devices")
        yield from _balance(books.accounts())
        for closing in (books, registry):
            closing.close()
        store = storage.open_store()
        missing = store.check()
        store.close()
    except SinkError as error:
        yield Finding("store", "failed", str(error))
        return
    yield from (Finding("store", "failed", sentence) for sentence in missing)
    if not missing:
        yield Finding("store", "ok", f"{store.name} takes points")


def _balance(accounts: Sequence[Account]) -> Iterator[Finding]:
    for one in accounts:
        if one.balanced:
            settled = sum(one.counts.values())
            text = f"{one.sink}: {settled} of {one.received} messages settled, every one accounted for"
            yield Finding("books", "ok", text)
        else:
            yield Finding("books", "failed", f"{one.sink}: {imbalance(one)}: report this")


def check_broker(settings: MqttSettings, probe: int = QUEUE_PROBE) -> Iterator[Finding]:
    """Granted QoS, kept session, queue limit and silent drops, by trying each; leaves nothing behind."""
    where = f"broker {settings.host}:{settings.port}"
    session = _Session(settings)
    try:
        if not session.connect():
            yield Finding(where, "failed", f"does not let us in ({session.said}): start it, or mend host, port, user")
            return
        granted = session.subscribe()
        if granted != 1:
            yield Finding(where, "failed", f"grants {granted} instead of QoS 1 on a subscription: messages get lost")
            return
        yield Finding(where, "ok", "grants QoS 1")
        yield from _dropped(session, where)
        session.disconnect()
        sent = _publish(settings, session.topic, probe)
        session.connect()
        if not session.kept:
            yield Finding(where, "failed", "forgot our session: messages that come while we restart are lost there")
            return
        came = session.count(sent)
        if came < sent:
            yield Finding(
                where,
                "failed",
                f"dropped {sent - came} of {sent} messages silently while we were away: raise max_queued_messages",
            )
        elif sent:
            yield Finding(where, "ok", f"kept our session and all {sent} messages while we were away")
        else:
            yield Finding(where, "warning", "kept our session; we may not publish here, so its queue is not measured")
    finally:
        session.forget()


def _dropped(session: _Session, where: str) -> Iterator[Finding]:
    """Mosquitto forgets a figure of its own that has not changed for a minute; its uptime always has."""
    dropped = session.system("$SYS/broker/publish/messages/dropped")
    if dropped is None and session.system("$SYS/broker/uptime") is not None:
        yield Finding(where, "ok", "has dropped nothing in the last minute")
    elif dropped is None:
        yield Finding(where, "warning", "does not show us its $SYS figures: silent drops cannot be seen")
    elif int(dropped):
        yield Finding(where, "warning", f"has dropped {dropped} messages since its start: raise its queue limits")
    else:
        yield Finding(where, "ok", "has dropped nothing since its start")


class _Session:
    """A client with a session of its own, driven step by step."""

    def __init__(self, settings: MqttSettings) -> None:
        name = f"smartcity-doctor-{token_hex(4)}"
        self.topic = f"smartcity/doctor/{name}"
        self.kept, self.said = False, "no answer"
        self._settings = settings.model_copy(update={"client_id": name, "version": "3.1.1"})
        self._answers: Queue[Any] = Queue()
        self._came: Queue[paho.MQTTMessage] = Queue()
        self._client = self._new_client()

    def _new_client(self) -> paho.Client:
        client = make_client(self._settings)
        client.on_connect = lambda _c, _u, flags, code, _p: self._answers.put((code, flags.session_present))
        client.on_subscribe = lambda _c, _u, _m, codes, _p: self._answers.put(codes[0])
        client.on_message = self._on_message
        return client

    def _on_message(self, client: paho.Client, _u: Any, message: paho.MQTTMessage) -> None:
        self._came.put(message)
        client.ack(message.mid, message.qos)

    def connect(self) -> bool:
        self._client = self._new_client()
        try:
            self._client.connect(self._settings.host, self._settings.port, 30)
        except OSError as error:
            self.said = str(error)
            return False
        self._client.loop_start()
        answer = self._answer()
        if answer is None:
            return False
        code, self.kept = answer
        self.said = str(code)
        return not code.is_failure

    def subscribe(self) -> int | None:
        self._client.subscribe(self.topic, 1)
        answer = self._answer()
        return None if answer is None else answer.value

    def system(self, topic: str) -> str | None:
        self._client.subscribe(topic, 0)
        self._answer()
        try:
            return self._came.get(timeout=_ANSWER_S / 2).payload.decode("ascii", "replace")
        except Empty:
            return None
        finally:
            self._client.unsubscribe(topic)

    def count(self, expected: int) -> int:
        came = 0
        try:
            while came < expected:
                self._came.get(timeout=_ANSWER_S / 2)
                came += 1
        except Empty:
            pass
        return came

    def disconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def forget(self) -> None:
        """Leave no session behind: a clean connect with the same name removes it."""
        self.disconnect()
        client = make_client(self._settings, clean=True)
        try:
            client.connect(self._settings.host, self._settings.port, 30)
        except OSError:
            return
        client.loop(0.5)
        client.disconnect()

    def _answer(self) -> Any:
        try:
            return self._answers.get(timeout=_ANSWER_S)
        except Empty:
            return None


def _publish(settings: MqttSettings, topic: str, number: int) -> int:
    """How many the broker confirmed; 0 when we may not publish."""
    client = make_client(settings.model_copy(update={"client_id": f"smartcity-doctor-{token_hex(4)}-p"}), clean=True)
    done, confirmed = Event(), [0]

    def on_publish(_c: paho.Client, _u: Any, _mid: int, code: Any, _p: Any) -> None:
        confirmed[0] += not code.is_failure
        if confirmed[0] == number:
            done.set()

    client.on_publish = on_publish
    client.max_inflight_messages_set(100)
    client.connect(settings.host, settings.port, 30)
    client.loop_start()
    for n in range(number):
        client.publish(topic, str(n), qos=1)
    done.wait(_ANSWER_S * 2)
    client.disconnect()
    client.loop_stop()
    return confirmed[0]
