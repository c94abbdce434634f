"""Back-fill from The Things Stack's storage, through the real keeper, journal, pipeline and store."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.deliver import Delivery
from ingest.keep import Keeper
from ingest.networks.clock import parse, rfc3339
from ingest.places import Places
from ingest.sources import things_stack_storage as source
from ingest.sources.backfill_settings import BackfillSettings
from ingest.sources.things_stack_storage import StorageSource
from ingest.unwrap import unwrap
from sinks.embedded.read import EmbeddedReader
from sinks.embedded.write import EmbeddedStore
from sinks.errors import Refused, Unavailable
from sinks.feed import LocalFeed
from sinks.journal import SqliteJournal
from sinks.ledger import SqliteLedger
from sinks.model import Envelope
from sinks.ports import Selection
from smartcity_settings import SettingsError, load
from tests.door import environment, started
from tests.ingest.house import TREE_EUI, town
from tests.servers import mosquitto
from tests.servers import things_stack_storage as server
from tests.servers.process import free_port, wait_for

START_NS = time.time_ns() // 10**9 * 10**9 - 1800 * 10**9


def at(seconds: float) -> str:
    return rfc3339(START_NS + int(seconds * 10**9))


def message(number: int) -> dict[str, Any]:
    """An uplink of the tree's LSE01, a minute after the one before."""
    return {
        "end_device_ids": {
            "device_id": "tree",
            "application_ids": {"application_id": "city"},
            "dev_eui": TREE_EUI.upper(),
            "dev_addr": "260B1234",
        },
        "correlation_ids": [f"gs:uplink:01J{number:023d}"],
        "received_at": at(60 * number + 0.2),
        "uplink_message": {
            "session_key_id": "AZ",
            "f_port": 2,
            "f_cnt": number + 1,
            "frm_payload": "DQwAAAikCOUAewA=",
            "rx_metadata": [{"gateway_ids": {"gateway_id": "g", "eui": "AABBCCDDEEFF0011"}, "rssi": -97, "snr": 7.2}],
            "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "868100000"},
            "received_at": at(60 * number),
        },
    }


@pytest.fixture
def storage() -> Iterator[server.Storage]:
    with server.running() as running:
        running.messages = [message(n) for n in range(5)]
        yield running


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(tmp_path / "journal.db")) as opened:
        yield opened


@contextmanager
def keeping(journal: SqliteJournal) -> Iterator[Keeper]:
    stop, keeper = Event(), Keeper(journal, [])
    thread = Thread(target=keeper.run, args=(stop,))
    thread.start()
    try:
        yield keeper
    finally:
        stop.set()
        thread.join(10)


def settings(storage: server.Storage, **more: object) -> BackfillSettings:
    given = {"url": storage.url, "application": "city", "api_key": server.KEY, "timeout_s": 5.0}
    return BackfillSettings.model_validate(given | more)


def made(storage: server.Storage, tmp_path: Path, keeper: Keeper, **more: object) -> StorageSource:
    return StorageSource(settings(storage, **more), tmp_path / "backfill-city.time", Event(), keeper)


def counters(journal: SqliteJournal) -> list[int]:
    bodies = [json.loads(entry.envelope.body) for entry in journal.read(0, 10_000)]
    return [body.get("result", body)["uplink_message"]["f_cnt"] for body in bodies]


def deliver(journal: SqliteJournal, tmp_path: Path) -> tuple[dict[str, int], int]:
    """Outcomes of all messages, and the number of rows of the tree."""
    with (
        closing(EmbeddedStore(tmp_path / "store.db")) as store,
        closing(SqliteLedger(tmp_path / "ledger.db")) as ledger,
    ):
        delivery = Delivery(store, LocalFeed(journal, ledger, store.name), Places(town()), unwrap)
        while delivery.deliver_batch(Event()):
            pass
        counts = ledger.counts(store.name)
    with closing(EmbeddedReader(tmp_path / "store.db")) as reader:
        return counts, len(reader.rows(Selection("soil", 0, 4 * 10**12)))


def test_the_first_round_takes_the_overlap_and_the_next_goes_on_from_the_newest(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path
) -> None:
    with keeping(journal) as keeper:
        made(storage, tmp_path, keeper).round(Event())
        assert counters(journal) == [1, 2, 3, 4, 5]
        first = journal.read(0, 1)[0].envelope
        assert (first.source, first.network, first.flags) == ("main", "things_stack", ("backfill",))

        storage.messages.append(message(9))
        made(storage, tmp_path, keeper, overlap_s=30).round(Event())  # also after a restart: the file remembers
    assert counters(journal)[5:] == [5, 10]  # the last one before lies in the overlap


def test_the_newest_time_is_remembered_less_the_overlap(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path
) -> None:
    (tmp_path / "backfill-city.time").write_text(at(0))
    with keeping(journal) as keeper:
        made(storage, tmp_path, keeper, overlap_s=30).round(Event())
    assert storage.queries[0] == {"after": at(-30), "limit": "1000", "order": "received_at"}
    assert (tmp_path / "backfill-city.time").read_text() == storage.messages[-1]["received_at"]


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("count", [4, 5])
def test_more_than_one_page_is_asked_for_to_the_end(
    storage: server.Storage,
    journal: SqliteJournal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tokens: bool,  # noqa: FBT001 a parameter of the test
    count: int,
) -> None:
    monkeypatch.setattr(source, "LIMIT", 2)
    storage.tokens = tokens
    storage.messages = storage.messages[:count]
    with keeping(journal) as keeper:
        made(storage, tmp_path, keeper).round(Event())
    assert counters(journal) == list(range(1, count + 1))


@pytest.mark.parametrize("act", ["cut", "half", "error"])
def test_of_a_broken_stream_what_came_is_kept_and_the_rest_is_asked_for_again(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path, act: str
) -> None:
    storage.script = [act]
    with keeping(journal) as keeper:
        backfill = made(storage, tmp_path, keeper)
        with pytest.raises(Unavailable):
            backfill.round(Event())
        wait_for(lambda: counters(journal) == [1], 10, "what came")
        before = (tmp_path / "backfill-city.time").read_text()
        assert (parse(before) or 0) > START_NS + 1700 * 10**9  # the start; the half round has moved nothing
        backfill.round(Event())
    assert sorted(set(counters(journal))) == [1, 2, 3, 4, 5]
    assert deliver(journal, tmp_path) == ({"stored": 5, "duplicate": 1}, 5)


def test_an_interrupted_second_page_is_asked_for_again_alone(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "LIMIT", 2)
    storage.script = ["", (503, {})]
    with keeping(journal) as keeper:
        backfill = made(storage, tmp_path, keeper)
        with pytest.raises(Unavailable, match="503"):
            backfill.round(Event())
        backfill.round(Event())
    assert counters(journal) == [1, 2, 3, 4, 5]
    assert storage.queries[1] == storage.queries[2]


def test_answers_out_of_order_leave_the_newest_time(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path
) -> None:
    (tmp_path / "backfill-city.time").write_text(at(0))
    storage.script = ["reverse"]
    with keeping(journal) as keeper:
        made(storage, tmp_path, keeper).round(Event())
    assert counters(journal) == [5, 4, 3, 2, 1]
    assert (tmp_path / "backfill-city.time").read_text() == storage.messages[-1]["received_at"]
    assert deliver(journal, tmp_path) == ({"stored": 5}, 5)


def test_an_empty_answer_changes_nothing(storage: server.Storage, journal: SqliteJournal, tmp_path: Path) -> None:
    (tmp_path / "backfill-city.time").write_text(at(0))
    storage.messages = []
    with keeping(journal) as keeper:
        made(storage, tmp_path, keeper).round(Event())
    assert (tmp_path / "backfill-city.time").read_text() == at(0)
    assert journal.bounds() == (0, 0)


def test_what_mqtt_brought_is_a_duplicate_and_what_it_dropped_is_stored(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path
) -> None:
    came = [json.dumps(storage.messages[n]).encode() for n in (0, 2, 4)]
    journal.append([Envelope("main", None, "v3/city/devices/tree/up", body, time.time_ns()) for body in came])
    with keeping(journal) as keeper:
        made(storage, tmp_path, keeper).round(Event())
    assert deliver(journal, tmp_path) == ({"stored": 5, "duplicate": 3}, 5)


def test_a_storage_that_leaves_the_frames_ids_out_doubles_no_row(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path
) -> None:
    came = [json.dumps(m).encode() for m in storage.messages]
    journal.append([Envelope("main", None, "v3/city/devices/tree/up", body, time.time_ns()) for body in came])
    for stored in storage.messages:
        del stored["correlation_ids"]
    with keeping(journal) as keeper:
        made(storage, tmp_path, keeper).round(Event())
    assert deliver(journal, tmp_path) == ({"stored": 5, "duplicate": 5}, 5)


@contextmanager
def running(backfill: StorageSource) -> Iterator[Event]:
    stop = Event()
    thread = Thread(target=backfill.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_a_gap_is_asked_for_at_once_and_silence_waits_for_the_interval(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "RESPITE_S", 0.05)
    gap = Event()
    with keeping(journal) as keeper:
        backfill = StorageSource(settings(storage), tmp_path / "backfill-city.time", gap, keeper)
        with running(backfill):
            wait_for(lambda: len(counters(journal)) == 5, 10, "the first round")
            storage.messages.append(message(20))
            gap.set()
            wait_for(lambda: 21 in counters(journal), 10, "the round after the gap")
    assert len(storage.queries) == 2


def test_too_many_requests_are_answered_with_the_patience_asked_for(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage.script = [(429, {"Retry-After": "1"})]
    with keeping(journal) as keeper, running(made(storage, tmp_path, keeper)):
        wait_for(lambda: len(counters(journal)) == 5, 10, "the second try")
    assert "answers 429" in caplog.text
    assert "asking again in 1 s" in caplog.text


def test_a_server_that_is_away_is_tried_again(
    storage: server.Storage,
    journal: SqliteJournal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(source, "RETRY_S", (0.05,))
    here, storage.url = storage.url, f"http://127.0.0.1:{free_port()}"
    with keeping(journal) as keeper:
        backfill = made(storage, tmp_path, keeper)
        with running(backfill):
            wait_for(lambda: "asking again" in caplog.text, 10, "the failure")
            monkeypatch.setattr(backfill, "_settings", backfill._settings.model_copy(update={"url": here}))
            wait_for(lambda: len(counters(journal)) == 5, 10, "the messages")


def test_a_refused_key_is_told_without_the_key(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with keeping(journal) as keeper, running(made(storage, tmp_path, keeper, api_key="NNSXS.WRONG.KEY")):
        wait_for(lambda: "401" in caplog.text, 10, "the refusal")
    assert "NNSXS" not in caplog.text
    assert "NNSXS" not in repr(settings(storage))


def test_an_object_beyond_all_measure_is_not_taken_in(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path
) -> None:
    storage.messages[1]["padding"] = "x" * source.MOST_BYTES
    with keeping(journal) as keeper, pytest.raises(Unavailable, match="larger than"):
        made(storage, tmp_path, keeper).round(Event())


def test_a_key_may_come_from_a_file_and_must_be_one_word(storage: server.Storage, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(server.KEY + "\n")
    assert settings(storage, api_key=None, api_key_file=tmp_path / "key").key() == server.KEY
    with pytest.raises(Refused, match="line ends") as refused:
        settings(storage, api_key="two\nlines").key()
    assert "two" not in str(refused.value)
    with pytest.raises(Refused, match="api_key_file"):
        settings(storage, api_key=None).key()


@pytest.mark.parametrize("url", ["http://eu1.cloud.thethings.network", "ftp://127.0.0.1", "https://", "eu1"])
def test_the_key_goes_over_encrypted_connections_only(url: str) -> None:
    with pytest.raises(ValidationError, match="must be https"):
        BackfillSettings(url=url, application="city")


@pytest.mark.server("mosquitto")
def test_the_intake_fills_the_gap_of_a_broker_that_forgot_it(
    storage: server.Storage, journal: SqliteJournal, tmp_path: Path
) -> None:
    with mosquitto.running() as broker:
        env = environment(
            tmp_path,
            SMARTCITY_MQTT__MAIN__PORT=str(broker.port),
            SMARTCITY_BACKFILL__CITY__URL=storage.url,
            SMARTCITY_BACKFILL__CITY__APPLICATION="city",
            SMARTCITY_BACKFILL__CITY__API_KEY=server.KEY,
        )
        with started("ingest", env=env, log=tmp_path / "ingest.log"):
            wait_for(lambda: set(counters(journal)) == {1, 2, 3, 4, 5}, 30, "the first round")
            storage.messages.append(message(20))
            broker.process.kill()  # its sessions die with it
            broker.process.start()
            wait_for(lambda: 21 in counters(journal), 60, "the round after the gap")
    assert server.KEY not in (tmp_path / "ingest.log").read_text()


def test_a_back_fill_names_an_mqtt_source_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "smartcity.toml"
    file.write_text('[backfill.city]\nurl = "https://eu1.cloud.thethings.network"\napplication = "city"\n')
    assert load(file, {}).settings.backfill["city"].source == "main"
    file.write_text(file.read_text() + 'source = "mian"\n')
    with pytest.raises(SettingsError, match=r"there is no \[mqtt.mian\]"):
        load(file, {})
