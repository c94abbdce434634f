"""MQTT: a session that outlives us, and an acknowledgement only after the journal has the message.

One fixed client id, never a clean start, QoS 1. Acknowledgements are bound to the connection they belong to (see
`stream`): a packet id from before a reconnect may by then mean another message. MQTT 3.1.1 by default (The Things Stack
speaks nothing else); version 5 where the broker's session expiry has to be asked for.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.keep import Keeper
from sinks.model import Envelope
from sinks.ports import Events

from .mqtt_settings import MqttSettings
from .stream import Publish, Stream
from .watch import OPEN, Flapping, Watch

SESSION_EXPIRY_S: Final = 7 * 24 * 3600
ASK_AGAIN_S: Final = 30.0
"""When a subscription was refused, e.g. by a right that somebody may give us meanwhile."""
_RECEIVE_MAXIMUM: Final = 1_000
_TICK_S: Final = 0.5
_SESSION_TAKEN_OVER: Final = 0x8E
_DAY_S: Final = 24 * 3600
_QUARTER_H_S: Final = 900

_RETAINED: Final = 1
_DUPLICATE: Final = 8
_MARKED: Final = _RETAINED | _DUPLICATE
_FLAGS: Final = {0: (), _RETAINED: ("retained",), _DUPLICATE: ("redelivered",), _MARKED: ("retained", "redelivered")}

log = logging.getLogger(__name__)


class MqttSource:
    """Receives from one broker, as the source `name`, into a keeper. The client library reconnects by itself.

    When the keeper has no room for longer than the broker may go without a sign of us, we leave, and come back when
    there is room: the broker keeps what we did not acknowledge. Everything that may cost messages is an event.
    """

    def __init__(
        self, name: str, settings: MqttSettings, events: Events, keeper: Keeper, gaps: Sequence[Event] = ()
    ) -> None:
        """Each of `gaps` is set when the broker had no session for us, to wake who can ask for what is missing."""
        self._name = name
        self._settings = settings
        self._keeper = keeper
        self._gaps = gaps
        self._watch = Watch(name, events, settings.silent_after_s)
        self._had_session = any(event.source == name and event.code == "connected" for event in events.all())
        self._flapping = Flapping()
        self._stop = Event()
        self._paused = False
        self._in_trouble = False
        self._lost_session = False
        self._asked: tuple[str, ...] = ()
        self._refused: tuple[str, ...] = ()
        self._ask_at = 0.0
        self._client = self._new_client()

    def run(self, stop: Event) -> None:
        """Receive until `stop` is set, then leave the session to the broker."""
        self._stop = stop
        self._begin()
        while not stop.wait(_TICK_S):
            if self._paused and self._keeper.has_room:
                self._resume()
            if self._refused and time.monotonic() >= self._ask_at:
                self._subscribe(self._refused)
            self._client.flush()
            self._look_at_keeper()
            self._watch.tick()
        self._client.disconnect()
        self._client.loop_stop()
        self._watch.tick()

    def _look_at_keeper(self) -> None:
        """Brokers that hold back what is not acknowledged never fill the inbox, so nothing else would tell."""
        trouble = self._keeper.trouble
        if trouble and not self._in_trouble:
            self._watch.note("not_kept", f"nothing is kept or acknowledged: {trouble}", OPEN)
        elif self._in_trouble and not trouble:
            self._watch.ended("not_kept")
        self._in_trouble = bool(trouble)

    def _new_client(self) -> _Client:
        client = make_client(self._settings)
        client.taken = self._take
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        return client

    def _begin(self) -> None:
        settings = self._settings
        self._client.connect_async(settings.host, settings.port, settings.keepalive_s, **_connect_options(settings))
        self._client.loop_start()

    def _pause(self) -> None:
        self._paused = True
        self._client.disconnect()
        log.warning("%s: the journal does not keep up; leaving until there is room", self._where)
        self._watch.note("paused", "the journal does not keep up: is its disk full or slow?", OPEN)

    def _resume(self) -> None:
        self._client = self._new_client()  # the old one's thread ends by itself
        self._paused = False
        self._watch.ended("paused")
        self._begin()

    def _on_connect(self, _c: paho.Client, _u: Any, flags: paho.ConnectFlags, code: ReasonCode, _p: Any) -> None:
        if code.is_failure:
            log.error("%s refuses us: %s", self._where, code)
            self._watch.note("refused", f"the broker refuses us: {code}", OPEN)
            return
        self._lost_session = not flags.session_present
        if self._lost_session:
            self._no_session()
        self._had_session = True
        self._flapping.connected(time.monotonic())
        self._watch.note("connected")
        self._watch.ended("disconnected", "refused")
        self._subscribe(self._settings.topics)

    def _no_session(self) -> None:
        if not self._had_session:
            log.info("%s has no session for %s yet: this is the first start", self._where, self._settings.client_id)
            return
        log.error(
            "%s had no session for %s: what came while we were away is lost", self._where, self._settings.client_id
        )
        self._watch.note("session_lost", "the broker forgot our session: what came meanwhile is lost there", _DAY_S)

    def _subscribe(self, topics: tuple[str, ...]) -> None:
        """One request at a time, so that its answer is known to be its own."""
        self._asked, self._refused = topics, ()
        self._client.subscribe([(topic, 1) for topic in topics])

    def _on_subscribe(self, _c: paho.Client, _u: Any, _mid: int, codes: list[ReasonCode], _p: Any) -> None:
        if self._lost_session:  # only now: what came before we were subscribed is missing too
            self._lost_session = False
            for gap in self._gaps:
                gap.set()
        granted = list(zip(self._asked, codes, strict=False))
        refused = tuple(topic for topic, code in granted if code.is_failure)
        lowered = [topic for topic, code in granted if code.value < 1]
        self._ask_at = time.monotonic() + ASK_AGAIN_S
        self._refused = refused
        if refused:
            log.error("%s does not let us read %s; asking again every %d s", self._where, refused, ASK_AGAIN_S)
            self._watch.note("subscription_refused", f"we may not read {', '.join(refused)}", OPEN)
        else:
            log.info("%s: listening to %s", self._where, ", ".join(self._asked))
            self._watch.ended("subscription_refused")
        if lowered:
            log.warning("%s grants only QoS 0 on %s: messages may be lost on the way", self._where, lowered)
            self._watch.note("qos_lowered", f"only QoS 0 is granted on {', '.join(lowered)}", OPEN)
        else:
            self._watch.ended("qos_lowered")

    def _on_disconnect(self, _c: paho.Client, _u: Any, _flags: Any, code: ReasonCode, _p: Any) -> None:
        if self._stop.is_set() or self._paused:
            return
        log.warning("lost %s: %s; connecting again", self._where, code)
        self._watch.note("disconnected", str(code), OPEN)
        if self._flapping.lost(time.monotonic()) or code.value == _SESSION_TAKEN_OVER:
            client_id = self._settings.client_id
            log.error("%s: another client seems to use our client id %s: stop it", self._where, client_id)
            self._watch.note(
                "taken_over", f"another client seems to use our client id {client_id}: stop it", _QUARTER_H_S
            )

    def _take(self, stream: Stream, publishes: Sequence[Publish]) -> None:
        """Everything of one read of the socket, by the client's own thread."""
        if self._paused:
            return  # not acknowledged, so it comes again
        now_ns, name, network = time.time_ns(), self._name, self._settings.network
        envelopes = [
            Envelope(name, network, topic, body, now_ns, _FLAGS[flags & _MARKED]) for flags, topic, body, _ in publishes
        ]
        self._watch.arrived(len(envelopes), now_ns)
        self._look_at(publishes)
        kept = partial(stream.acknowledge, [packet_id for *_, packet_id in publishes if packet_id is not None])
        within_s = self._settings.keepalive_s / 4
        if not self._keeper.offer(envelopes, kept, self._stop, within_s) and not self._stop.is_set():
            self._pause()

    def _look_at(self, publishes: Sequence[Publish]) -> None:
        """What may be a loss, or was one, shows in the flags."""
        for flags, topic, _, packet_id in publishes:
            if flags & _DUPLICATE:
                self._watch.note("redelivered")
            if packet_id is None and self._settings.lossless and not flags & _RETAINED:
                self._watch.note("qos0_message", f"a message on {topic} came with QoS 0", _QUARTER_H_S)

    @property
    def _where(self) -> str:
        return f"{self._name} ({self._settings.host}:{self._settings.port})"


class _Client(paho.Client):
    """The library's client on a stream that keeps the publishes for us: it is given them when `taken` is set."""

    taken: Callable[[Stream, list[Publish]], None] | None = None
    _stream: Stream | None = None

    def _create_socket(self) -> Any:
        """What the library calls for each connection, and where it puts its own web sockets in between too."""
        connection = super()._create_socket()
        if self.taken is None:
            return connection
        self._stream = Stream(connection, self.taken, five=self.protocol == paho.MQTTv5)
        return self._stream

    def flush(self) -> None:
        """Write acknowledgements that the network did not take at once."""
        if self._stream is not None:
            with suppress(OSError):  # lost: the library finds that out when it reads
                self._stream.flush()


def make_client(settings: MqttSettings, *, clean: bool = False) -> _Client:
    """A client with the identity, login and TLS of these settings; `clean` forgets its session (3.1.1)."""
    five = settings.version == "5"
    client = _Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        clean_session=None if five else clean,
        protocol=paho.MQTTv5 if five else paho.MQTTv311,
        manual_ack=True,
    )
    client.reconnect_delay_set(min_delay=1, max_delay=30)
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.secret())
    if settings.tls:
        context = ssl.create_default_context(cafile=settings.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.cert_file is not None:
            context.load_cert_chain(settings.cert_file, settings.key_file)
        client.tls_set_context(context)
    return client


def _connect_options(settings: MqttSettings) -> dict[str, Any]:
    if settings.version != "5":
        return {}
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_EXPIRY_S
    properties.ReceiveMaximum = _RECEIVE_MAXIMUM
    return {"clean_start": False, "properties": properties}
