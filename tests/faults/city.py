"""The city of these tests: two hundred bins, numbered frames, and a network server that publishes them.

Every message is a frame of its own (device and counter), so that a lost one is missed and a doubled one is seen.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from sinks.model import Device, Organisation
from sinks.storage import Storage
from tests.ingest.house import chirpstack
from tests.servers import mosquitto
from tests.servers.process import wait_for

RATE = 500
"""Messages a second."""
DEVICES = 200
TOPIC = "application/a/device/x/event/up"
ROOMY = "listener 1883\nallow_anonymous true\nmax_queued_messages 1000000\nmax_inflight_messages 1000\n"


def eui(number: int) -> str:
    return f"24e124{number % DEVICES:010x}"


def identity(number: int) -> tuple[str, int]:
    """Device and counter of message `number`."""
    return eui(number), number // DEVICES


def settle_in(storage: Storage) -> None:
    with closing(storage.open_registry()) as registry, registry.transaction():
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        for number in range(DEVICES):
            registry.add_device(Device(eui(number), "offenbach", "milesight_em400_mud"))


def payload(number: int) -> str:
    """A distance that is different from the last one's, in hexadecimal."""
    return f"01755c0367340104{0x82:02x}{(1000 + number % 5000).to_bytes(2, 'little').hex()}050000"


def frame(number: int, received: datetime | None = None) -> bytes:
    """Message `number` as ChirpStack sends it; received now, unless said otherwise."""
    device, counter = identity(number)
    return chirpstack(
        eui=device,
        payload=payload(number),
        f_cnt=counter,
        frame_id=f"frame-{number}",
        time=(received or datetime.now(UTC)).isoformat(timespec="milliseconds"),
    )


def as_things_stack(number: int) -> dict[str, Any]:
    """The same message as The Things Stack sends it."""
    device, counter = identity(number)
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {
        "end_device_ids": {
            "device_id": f"bin-{number % DEVICES}",
            "application_ids": {"application_id": "city"},
            "dev_eui": device.upper(),
            "dev_addr": "260B1234",
        },
        "received_at": now,
        "uplink_message": {
            "session_key_id": "AZ",
            "f_port": 85,
            "f_cnt": counter,
            "frm_payload": b64encode(bytes.fromhex(payload(number))).decode(),
            "rx_metadata": [{"gateway_ids": {"gateway_id": "g", "eui": "AABBCCDDEEFF0011"}, "rssi": -97, "snr": 7.2}],
            "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "868100000"},
            "received_at": now,
        },
    }


class Publisher:
    """Sends numbered frames and counts those that the broker has confirmed; sends again after a lost connection."""

    def __init__(self, broker: mosquitto.Mosquitto) -> None:
        self.confirmed = 0
        self.times: list[datetime] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "network-server")
        self._client.on_publish = self._on_publish
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(0)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    @property
    def sent(self) -> int:
        """How many, so far."""
        return len(self.times)

    def time_ms(self, number: int) -> int:
        """When that message was received by the network server, in Unix milliseconds."""
        return round(self.times[number].timestamp() * 1000)

    def _on_publish(self, *_: object) -> None:
        self.confirmed += 1

    def send(self, count: int) -> None:
        """So many more, at once."""
        for _ in range(count):
            number, now = self.sent, datetime.now(UTC)
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
            self.times.append(now)
            self._client.publish(f"application/a/device/{eui(number)}/event/up", frame(number, now), qos=1)

    def run(self, stop: Event) -> None:
        """`RATE` a second until `stop`."""
        began, before = time.monotonic(), self.sent
        while not stop.wait(0.005):
            self.send(int((time.monotonic() - began) * RATE) - (self.sent - before))

    def finish(self) -> None:
        """Wait until the broker has confirmed everything, and go."""
        wait_for(lambda: self.confirmed >= self.sent, 60, "the broker's confirmation of everything")
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def load(broker: mosquitto.Mosquitto) -> Iterator[Publisher]:
    """A steady load while the block lasts; after it the broker has confirmed everything sent."""
    publisher, stop = Publisher(broker), Event()
    thread = Thread(target=publisher.run, args=(stop,))
    thread.start()
    try:
        yield publisher
    finally:
        stop.set()
        thread.join(timeout=30)
    publisher.finish()


def publish(broker: mosquitto.Mosquitto, topic: str, *bodies: bytes) -> None:
    """These bodies, each confirmed by the broker."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "stranger")
    client.connect(broker.host, broker.port)
    client.loop_start()
    for message in [client.publish(topic, body, qos=1) for body in bodies]:
        message.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()
