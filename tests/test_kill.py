"""kill -9 at any moment, again and again, under load: what the broker got an acknowledgement for is stored once.

The broker is a real Mosquitto that lives on; the intake is the real command. Every message is a frame of its own
(device and counter), so that a lost one is missed and a doubled one is seen.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from sinks.model import Device, Organisation
from sinks.ports import Selection, series_key
from sinks.storage import Storage
from tests.ingest.house import chirpstack
from tests.servers import mosquitto
from tests.servers.process import wait_for
from tests.test_way import kept, variables

__all__ = ["kept"]

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.timeout(600)]

KILLS = 50 if os.environ.get("CI") == "true" else 8
RATE = 500
DEVICES = 200
ROOMY = "listener 1883\nallow_anonymous true\nmax_queued_messages 1000000\nmax_inflight_messages 1000\n"


def eui(number: int) -> str:
    return f"24e124{number % DEVICES:010x}"


def settle_in(storage: Storage) -> None:
    with closing(storage.open_registry()) as registry, registry.transaction():
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        for number in range(DEVICES):
            registry.add_device(Device(eui(number), "offenbach", "milesight_em400_mud"))


def frame(number: int) -> tuple[str, bytes]:
    """Message `number`: its device, its counter, and a distance that is different from the last one's."""
    payload = f"01755c0367340104{0x82:02x}{(1000 + number % 5000).to_bytes(2, 'little').hex()}050000"
    body = chirpstack(
        eui=eui(number),
        payload=payload,
        f_cnt=number // DEVICES,
        frame_id=f"frame-{number}",
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    return f"application/a/device/{eui(number)}/event/up", body


class Publisher:
    """Sends numbered frames at a steady rate and counts those that the broker has confirmed."""

    def __init__(self, broker: mosquitto.Mosquitto) -> None:
        self.sent = self.confirmed = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "kill-test-publisher")
        self._client.on_publish = self._on_publish
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(0)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def _on_publish(self, *_: object) -> None:
        self.confirmed += 1

    def run(self, stop: Event) -> None:
        began = time.monotonic()
        while not stop.wait(0.005):
            while self.sent < (time.monotonic() - began) * RATE:
                self._client.publish(*frame(self.sent), qos=1)
                self.sent += 1
        wait_for(lambda: self.confirmed == self.sent, 60, "the broker's confirmation of everything")
        self._client.disconnect()
        self._client.loop_stop()


def intake(storage: Storage, broker: mosquitto.Mosquitto, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "smartcity", "ingest"], env=variables(storage, broker, 1), stdout=out, stderr=out
        )


def settled(storage: Storage) -> int:
    """Messages that the books account for; read from outside, as an operator would."""
    with closing(sqlite3.connect(storage.data / "ledger.db", timeout=30)) as books:
        return int(books.execute("SELECT coalesce(sum(n), 0) FROM counts WHERE of = 'messages'").fetchone()[0])


def journalled(storage: Storage) -> int:
    with closing(sqlite3.connect(storage.data / "journal.db", timeout=30)) as journal:
        return int(journal.execute("SELECT coalesce(max(offset), 0) FROM entries").fetchone()[0])


def frames_in(storage: Storage) -> Iterator[tuple[str, object]]:
    """Device and counter of every stored frame."""
    with closing(storage.open_reader()) as reader:
        after: tuple[int, str] | None = None
        selection = Selection("link_quality", 0, 4_000_000_000_000)
        while rows := reader.rows(selection, after, 5000):
            for row in rows:
                yield row.tags["device_id"], row.fields["f_cnt"]
            after = (rows[-1].time_ms, series_key(rows[-1].tags))


def test_nothing_is_lost_and_nothing_doubled_however_often_the_intake_is_killed(kept: Storage) -> None:
    settle_in(kept)
    chance = random.Random(7)  # noqa: S311 any moments will do
    log = kept.data / "ingest.log"
    with mosquitto.running(ROOMY) as broker:
        # Once undisturbed, so that the broker holds our session before the first message is published.
        first = intake(kept, broker, log)
        wait_for(lambda: "listening to" in log.read_text(), 30, "the first subscription")
        first.kill()
        first.wait()

        publisher, stop = Publisher(broker), Event()
        load = Thread(target=publisher.run, args=(stop,))
        load.start()
        try:
            for _ in range(KILLS):
                before = journalled(kept)
                process = intake(kept, broker, log)
                wait_for(lambda kept_before=before: journalled(kept) > kept_before, 30, "the intake at work")  # type: ignore[misc]
                time.sleep(chance.uniform(0.0, 0.5))  # somewhere between any two steps
                process.kill()
                process.wait()
        finally:
            stop.set()
            load.join(timeout=90)

        last = intake(kept, broker, log)
        try:
            wait_for(lambda: _all_stored(kept, publisher.sent), 240, "the rest of the backlog")
        finally:
            last.terminate()
            last.wait(20)

    stored = list(frames_in(kept))
    expected = {(eui(number), number // DEVICES) for number in range(publisher.sent)}
    assert publisher.confirmed == publisher.sent
    assert len(stored) == len(set(stored)), "a frame is stored twice"
    assert set(stored) == expected
    print(f"{KILLS} kills, {publisher.sent} messages, {settled(kept) - publisher.sent} of them came again")  # noqa: T201


def _all_stored(storage: Storage, sent: int) -> bool:
    """Everything sent is accounted for; messages that came again are counted on top as duplicates."""
    newest = journalled(storage)
    return newest >= sent and settled(storage) == newest and _stored(storage) == sent


def _stored(storage: Storage) -> int:
    with closing(sqlite3.connect(storage.data / "ledger.db", timeout=30)) as books:
        sql = "SELECT coalesce(sum(n), 0) FROM counts WHERE of = 'messages' AND outcome = 'stored'"
        return int(books.execute(sql).fetchone()[0])
