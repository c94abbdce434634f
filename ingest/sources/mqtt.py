"""MQTT: a session that outlives us, and an acknowledgement only after the journal has the message.

One fixed client id, never a clean start, QoS 1. Acknowledgements are bound to the connection they belong to: a packet
id from before a reconnect may by then mean another message. MQTT 3.1.1 by default (The Things Stack speaks nothing
else and it costs half of 5 in this client); version 5 where the broker's session expiry has to be asked for.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Final, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ingest.keep import Keeper
from sinks.model import Envelope
from sinks.storage import read_secret

SESSION_EXPIRY_S: Final = 7 * 24 * 3600
_RECEIVE_MAXIMUM: Final = 1_000

log = logging.getLogger(__name__)


class MqttSettings(BaseModel):
    """One broker to listen to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    topics: Annotated[tuple[str, ...], Field(min_length=1)] = ("v3/+/devices/+/#", "application/+/device/+/event/+")
    network: str | None = None
    client_id: Annotated[str, Field(min_length=1, max_length=64)] = "smartcity-ingest"
    version: Literal["3.1.1", "5"] = "3.1.1"
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 60

    def secret(self) -> str | None:
        """The password, given itself or as a file that holds it. Raises `Refused` when the file cannot be read."""
        if self.password is not None:
            return self.password.get_secret_value()
        return read_secret(self.password_file) if self.password_file is not None else None


class MqttSource:
    """Receives from one broker, as the source `name`, into a keeper. The client library reconnects by itself."""

    def __init__(self, name: str, settings: MqttSettings, keeper: Keeper) -> None:
        self._name = name
        self._settings = settings
        self._keeper = keeper
        self._stop = Event()
        self._generation = 0
        self._client = make_client(settings)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def run(self, stop: Event) -> None:
        """Receive until `stop` is set, then leave the session to the broker."""
        self._stop = stop
        settings = self._settings
        self._client.connect_async(settings.host, settings.port, settings.keepalive_s, **_connect_options(settings))
        self._client.loop_start()
        stop.wait()
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, _u: Any, flags: paho.ConnectFlags, code: ReasonCode, _p: Any) -> None:
        if code.is_failure:
            log.error("%s refuses us: %s", self._where, code)
            return
        self._generation += 1
        if not flags.session_present:
            log.warning(
                "%s had no session for %s: normal at the very first start, else what came while we were away is lost",
                self._where,
                self._settings.client_id,
            )
        client.subscribe([(topic, 1) for topic in self._settings.topics])

    def _on_subscribe(self, _c: paho.Client, _u: Any, _mid: int, codes: list[ReasonCode], _p: Any) -> None:
        for topic, code in zip(self._settings.topics, codes, strict=False):
            if code.is_failure:
                log.error("%s does not let us read %s: %s", self._where, topic, code)
            elif code.value < 1:
                log.warning("%s grants only QoS 0 on %s: messages may be lost on the way", self._where, topic)

    def _on_disconnect(self, _c: paho.Client, _u: Any, _flags: Any, code: ReasonCode, _p: Any) -> None:
        self._generation += 1
        if not self._stop.is_set():
            log.warning("lost %s: %s; connecting again", self._where, code)

    def _on_message(self, client: paho.Client, _u: Any, message: paho.MQTTMessage) -> None:
        flags = tuple(name for name, is_set in (("retained", message.retain), ("redelivered", message.dup)) if is_set)
        envelope = Envelope(
            self._name, self._settings.network, message.topic, bytes(message.payload), time.time_ns(), flags
        )
        self._keeper.offer(envelope, self._acknowledge(client, message.mid, message.qos), self._stop)

    def _acknowledge(self, client: paho.Client, mid: int, qos: int) -> Callable[[], None]:
        generation = self._generation

        def kept() -> None:
            if qos and generation == self._generation and client.ack(mid, qos) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                log.debug("could not acknowledge %d: the broker sends it again", mid)

        return kept

    @property
    def _where(self) -> str:
        return f"{self._name} ({self._settings.host}:{self._settings.port})"


def make_client(settings: MqttSettings, *, clean: bool = False) -> paho.Client:
    """A client with the identity, login and TLS of these settings; `clean` forgets its session (3.1.1)."""
    five = settings.version == "5"
    client = paho.Client(
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
