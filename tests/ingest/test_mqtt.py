from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest.keep import Keeper
from ingest.sources.mqtt import MqttSettings, MqttSource
from sinks.journal import SqliteJournal
from tests.servers import mosquitto
from tests.servers.process import wait_for

pytestmark = pytest.mark.server("mosquitto")

KEPT = """
listener 1883
allow_anonymous true
persistence true
persistence_location /mosquitto/data/
max_queued_messages 100000
max_inflight_messages 1000
"""
CLOSED = "listener 1883\nallow_anonymous false\npassword_file /mosquitto/config/passwords\n"


def publish(broker: mosquitto.Mosquitto, topic: str, *bodies: str, retain: bool = False) -> None:
    """Through the broker's own client, as a stranger's program would."""
    command = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port), "-q", "1", "-t", topic, "-l"]
    subprocess.run([*command, *(["-r"] if retain else [])], input="\n".join(bodies), text=True, check=True)


def settings(broker: mosquitto.Mosquitto, **more: object) -> MqttSettings:
    return MqttSettings.model_validate({"host": broker.host, "port": broker.port, "topics": ["v3/#"]} | more)


@contextmanager
def receiving(chosen: MqttSettings, journal: SqliteJournal) -> Iterator[None]:
    """A source and its keeper, until the block ends."""
    stop, keeper = Event(), Keeper(journal, [])
    threads = [
        Thread(target=keeper.run, args=(stop,)),
        Thread(target=MqttSource("city", chosen, keeper).run, args=(stop,)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=10)
            assert not thread.is_alive()


def bodies(journal: SqliteJournal) -> list[bytes]:
    return [entry.envelope.body for entry in journal.read(0, 100_000)]


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.db")


@pytest.fixture
def broker() -> Iterator[mosquitto.Mosquitto]:
    with mosquitto.running(KEPT) as running:
        yield running


def comes_through(broker: mosquitto.Mosquitto, journal: SqliteJournal, body: str) -> bool:
    """Publish it, and see whether it (or an earlier one) has arrived."""
    publish(broker, "v3/hello", body)
    return body.encode() in bodies(journal)


def subscribed(broker: mosquitto.Mosquitto, chosen: MqttSettings, journal: SqliteJournal) -> None:
    """Make the session: connect once and wait until a message comes through."""
    with receiving(chosen, journal):
        wait_for(lambda: comes_through(broker, journal, "hello"), 10, "the first message")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_message_is_kept_with_topic_source_and_network(
    broker: mosquitto.Mosquitto, journal: SqliteJournal, version: str
) -> None:
    chosen = settings(broker, version=version, network="things_stack")
    subscribed(broker, chosen, journal)
    first = journal.read(0, 1)[0].envelope
    assert (first.topic, first.source, first.network, first.body) == ("v3/hello", "city", "things_stack", b"hello")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_what_is_published_while_we_are_away_comes_when_we_are_back(
    broker: mosquitto.Mosquitto, journal: SqliteJournal, version: str
) -> None:
    chosen = settings(broker, version=version)
    subscribed(broker, chosen, journal)
    publish(broker, "v3/away", *(f"away {n}" for n in range(500)))
    with receiving(chosen, journal):
        wait_for(lambda: b"away 499" in bodies(journal), 10, "the backlog")
    assert [b for b in bodies(journal) if b.startswith(b"away")] == [b"away %d" % n for n in range(500)]


def test_what_was_not_acknowledged_comes_again(
    broker: mosquitto.Mosquitto, journal: SqliteJournal, tmp_path: Path
) -> None:
    chosen, stop = settings(broker), Event()
    subscribed(broker, chosen, journal)
    nobody_keeps = Keeper(SqliteJournal(tmp_path / "other.db"), [])
    source = Thread(target=MqttSource("city", chosen, nobody_keeps).run, args=(stop,))
    source.start()
    publish(broker, "v3/x", "precious")
    wait_for(lambda: nobody_keeps.waiting > 0, 10, "the message at the source")
    stop.set()
    source.join(timeout=10)

    with receiving(chosen, journal):
        wait_for(lambda: b"precious" in bodies(journal), 10, "the redelivery")
    again = next(e.envelope for e in journal.read(0, 100) if e.envelope.body == b"precious")
    assert "redelivered" in again.flags


def test_a_retained_message_is_marked(broker: mosquitto.Mosquitto, journal: SqliteJournal) -> None:
    publish(broker, "v3/old", "old", retain=True)
    with receiving(settings(broker), journal):
        wait_for(lambda: bodies(journal) == [b"old"], 10, "the retained message")
    assert journal.read(0, 1)[0].envelope.flags == ("retained",)


def test_a_broker_that_comes_back_finds_us_subscribed_again(
    broker: mosquitto.Mosquitto, journal: SqliteJournal, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = settings(broker)
    with receiving(chosen, journal):
        wait_for(lambda: comes_through(broker, journal, "before"), 10, "the first message")
        broker.process.kill()  # its sessions die with it: nothing was saved yet
        broker.process.start()
        wait_for(lambda: comes_through(broker, journal, "after"), 20, "messages again")
    assert "lost city" in caplog.text
    assert "had no session" in caplog.text


def test_a_refused_login_is_told_with_where(journal: SqliteJournal, caplog: pytest.LogCaptureFixture) -> None:
    with mosquitto.running(CLOSED, {"config/passwords": ""}) as broker:
        chosen = settings(broker, username="nobody", password="wrong-password-1")  # noqa: S106 opens nothing
        with receiving(chosen, journal):
            wait_for(lambda: "refuses us" in caplog.text, 10, "the refusal")
    assert "wrong-password-1" not in caplog.text
    assert f"{broker.port}" in caplog.text


def test_passwords_do_not_show_in_settings() -> None:
    assert "geheim" not in repr(MqttSettings.model_validate({"password": "geheim"}))
