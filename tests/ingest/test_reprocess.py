"""Today's decoders over the journal: on both stores and both journals, interrupted, repeated, beside an intake."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ingest import reprocess as reprocessing
from ingest.deliver import IDLE_S, Delivery
from ingest.places import Places
from ingest.recall import recall
from ingest.unwrap import unwrap
from sinks.errors import Refused
from sinks.feed import LocalFeed
from sinks.influxdb.schema import MEASUREMENTS
from sinks.model import Device, Envelope, Organisation
from sinks.past import LocalPast
from sinks.ports import Row, Selection, Store
from sinks.storage import Storage, StoreSettings
from tests.door import smartcity
from tests.ingest.house import ARRIVED_NS, chirpstack
from tests.servers import influxdb, kafka, mosquitto
from tests.servers.process import wait_for
from tests.sinks.kafka.storage import on_kafka
from tests.test_way import variables

DDS75, OTHER = "a84041000181d701", "24e124713b490002"
HOUR_NS = 3600 * 10**9
FRAMES = 40


@pytest.fixture(scope="module")
def cluster() -> Iterator[kafka.Kafka]:
    with kafka.running() as cluster:
        yield cluster


ON_KAFKA = pytest.param("kafka", marks=pytest.mark.server("kafka"))


def with_journal(kind: str, request: pytest.FixtureRequest, data: Path) -> Storage:
    if kind != "kafka":
        return Storage(data=data)
    return on_kafka(data, request.getfixturevalue("cluster"), partitions=3, replication=1)


@pytest.fixture(params=["embedded", pytest.param("influxdb", marks=pytest.mark.server("influxdb")), ON_KAFKA])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """A city whose DDS75-LB was read with the wrong divisor, and another device."""
    if request.param != "influxdb":
        storage = with_journal(request.param, request, tmp_path / "data")
        live(storage, FRAMES)
        yield storage
        return
    with influxdb.running() as server:
        names = ("url", "org", "bucket", "write_token", "read_token")
        chosen = {"kind": "influxdb", "influxdb": {name: getattr(server, name) for name in names}}
        storage = Storage(data=tmp_path / "data", store=StoreSettings.model_validate(chosen))
        live(storage, FRAMES)
        yield storage


def dds75(number: int, at: str, f_cnt: int | None = None) -> bytes:
    """3.3 V, 1000 mm, a DS18B20 word that rises with the number, sensor found."""
    payload = f"0ce403e800{200 + number:04x}01"
    return chirpstack(DDS75, payload, 2, number if f_cnt is None else f_cnt, f"dds-{number}", at)


def moment(number: int) -> str:
    return f"2026-05-28T{20 + number // 60:02d}:{number % 60:02d}:00+00:00"


def messages(count: int, first: int = 0) -> list[Envelope]:
    """Frames of both devices in turn; every tenth comes twice, by another gateway's copy."""
    made = []
    for number in range(first, first + count):
        at = moment(number)
        bodies = [dds75(number, at), chirpstack(OTHER, f_cnt=number, frame_id=f"mud-{number}", time=at)]
        if number % 10 == 0:
            bodies.append(dds75(number, at[:-8] + "30+00:00").replace(b"dds-", b"copy-"))
        made += [Envelope("test", "chirpstack", None, body, ARRIVED_NS + number, ()) for body in bodies]
    return made


def live(storage: Storage, count: int) -> None:
    """What an intake would have done, with the parameters of then."""
    with closing(storage.open_registry()) as registry:
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        registry.add_device(Device(DDS75, "offenbach", "dragino_dds75_lb"))
        registry.add_device(Device(OTHER, "offenbach", "milesight_em400_mud"))
    with closing(storage.open_appender()) as journal:
        journal.append(messages(count))
    deliver(storage)


def deliver(storage: Storage) -> None:
    with (
        closing(storage.open_store()) as store,
        closing(storage.open_feed(store.name, Event(), partial(recall, unwrap=unwrap))) as feed,
        closing(storage.open_accounting()) as books,
        closing(storage.open_registry()) as registry,
    ):
        delivery = Delivery(store, feed, Places(registry), unwrap)
        while books.account(store.name).in_flight:
            delivery.deliver_batch(Event(), IDLE_S)


def mend(storage: Storage) -> None:
    """The divisor turns out to be 100."""
    with closing(storage.open_registry()) as registry:
        registry.change_device(Device(DDS75, "offenbach", "dragino_dds75_lb", params={"ds18b20_divisor": 100}))


def everything(storage: Storage) -> list[Row]:
    with closing(storage.open_reader()) as reader:
        return [row for name in MEASUREMENTS for row in reader.rows(Selection(name, 0, 4 * 10**12), limit=100_000)]


def say(storage: Storage, *more: str, model: str = "DDS75-LB") -> dict[str, Any]:
    arguments = ("reprocess", "--model", model, "--since", "2026-05-01", "--json", *more)
    said = smartcity(*arguments, env=env(storage))
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def env(storage: Storage) -> dict[str, str]:
    nobody = cast("mosquitto.Mosquitto", SimpleNamespace(port=1))  # no broker is asked
    cluster = storage.journal.kafka
    return variables(storage, nobody, 1) | {
        "SMARTCITY_JOURNAL__KIND": storage.journal.kind,
        "SMARTCITY_JOURNAL__KAFKA__BOOTSTRAP": cluster.bootstrap,
        "SMARTCITY_JOURNAL__KAFKA__TOPIC_PREFIX": cluster.topic_prefix,
    }


def temperatures(rows: Sequence[Row], device: str) -> list[object]:
    measured = [row for row in rows if row.measurement == "bin_level" and row.tags["device_id"] == device]
    return [row.fields["temperature_c"] for row in sorted(measured, key=lambda row: row.time_ms)]


def without(rows: Sequence[Row], field: str, device: str) -> list[tuple[object, ...]]:
    return [
        (r.measurement, r.time_ms, *r.tags.values(), *((k, v) for k, v in r.fields.items() if k != field))
        for r in rows
        if device in {"", r.tags["device_id"]}
    ]


def test_exactly_what_the_mended_parameter_touches_is_changed_and_a_second_run_changes_nothing(city: Storage) -> None:
    before = everything(city)
    mend(city)

    dry = say(city, "--dry-run")
    assert everything(city) == before
    assert dry["rows"] == {"same": 0, "changed": FRAMES, "new": 0, "stale": 0}
    assert (dry["written"], dry["duplicates"]) == (0, FRAMES // 10)
    assert list(dry["quantities"]) == ["bin_level.temperature_c"]
    found = dry["quantities"]["bin_level.temperature_c"]
    assert (found["changed"], round(found["least"], 6), round(found["most"], 6)) == (FRAMES, -21.51, -18.0)
    assert found["examples"][0] == {
        "asset": "",
        "device": DDS75,
        "time_ms": found["examples"][0]["time_ms"],
        "before": 20.0,
        "after": 2.0,
    }

    done = say(city)
    assert (done["rows"], done["written"], done["finished"]) == (dry["rows"], FRAMES, True)
    after = everything(city)
    assert temperatures(after, DDS75) == [(200 + n) / 100 for n in range(FRAMES)]
    assert without(after, "temperature_c", "") == without(before, "temperature_c", "")
    assert temperatures(after, OTHER) == temperatures(before, OTHER)
    assert not (city.data / "reprocess").exists()

    again = say(city)
    assert (again["rows"]["changed"], again["rows"]["new"], again["written"]) == (0, 0, 0)
    assert everything(city) == after


@pytest.fixture
def small(tmp_path: Path) -> Storage:
    storage = Storage(data=tmp_path / "data")
    live(storage, FRAMES)
    return storage


@pytest.fixture(params=["local", ON_KAFKA])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """The same on each journal."""
    storage = with_journal(request.param, request, tmp_path / "data")
    live(storage, FRAMES)
    return storage


class Dying:
    """A store whose process is killed at its n-th write: after the rows were taken, before anybody heard of it."""

    name = "embedded"
    apart_s = 0.0

    def __init__(self, inner: Store, after: int) -> None:
        self.inner, self.left = inner, after

    def write(self, points: Any) -> Any:
        written = self.inner.write(points)
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return written

    def check(self) -> list[str]:
        return []

    def close(self) -> None:
        self.inner.close()


@pytest.mark.parametrize("batches", [0, 1, 5])
def test_interrupted_and_called_again_it_goes_on_to_the_same_end(
    either: Storage, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reprocessing, "BATCH", 7)
    mend(either)
    with pytest.raises(KeyboardInterrupt):
        run(either, batches)
    assert temperatures(everything(either), DDS75)[-1] == (200 + FRAMES - 1) / 10
    start = run(either, 10_000)
    assert start >= 7 * batches
    assert start % 7 == 0 or either.is_on_kafka, "a lane ends with a smaller batch"
    assert temperatures(everything(either), DDS75) == [(200 + n) / 100 for n in range(FRAMES)]
    assert say(either)["written"] == 0


def run(storage: Storage, die_after: int) -> int:
    """A run in this process; gives how many messages it went on behind."""
    with (
        closing(storage.open_registry()) as registry,
        closing(storage.open_past()) as past,
        closing(storage.open_reader()) as reader,
        closing(Dying(storage.open_store(), die_after)) as store,
    ):
        devices = reprocessing.devices_of(registry, "dragino_dds75_lb", "", "")
        choice = reprocessing.Choice(devices, ARRIVED_NS - HOUR_NS, sys.maxsize)
        work = reprocessing.work(choice, registry, storage.journal_name, "embedded")
        with reprocessing.own_books(storage.data, work) as books:
            whole = past.stretches(choice.begin_ns, "embedded")
            rests = reprocessing.rests(whole, books)
            again = reprocessing.Reprocessing(past, Places(registry), reader, store, books, unwrap, choice)
            again.run(rests, Event(), lambda _: None)
    reprocessing.finish(storage.data)
    return sum(one.number for one in whole) - sum(one.number for one in rests)


def test_other_work_does_not_go_on_where_this_one_was(small: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reprocessing, "BATCH", 7)
    mend(small)
    with pytest.raises(KeyboardInterrupt):
        run(small, 3)
    assert say(small, "--device", DDS75, "--until", "2027-01-01")["continued_after"] == 0


def test_two_at_once_are_refused(small: Storage) -> None:
    with reprocessing.own_books(small.data, {}):
        said = smartcity("reprocess", "--model", "DDS75-LB", "--since", "2026-05-01", env=env(small))
    assert said.code == 1
    assert "another `smartcity reprocess` runs" in said.err


def test_only_messages_of_the_time_are_taken_and_their_duplicates_are_still_known(small: Storage) -> None:
    mend(small)
    since_ns = ARRIVED_NS + 20
    with (
        closing(small.open_registry()) as registry,
        closing(small.open_journal()) as journal,
        closing(small.open_reader()) as reader,
        reprocessing.passing_books() as books,
    ):
        copy = messages(1, 19)[0]
        journal.append([Envelope("test", "chirpstack", None, copy.body, since_ns + 5, ())])
        past = LocalPast(journal, books)
        choice = reprocessing.Choice(frozenset({DDS75}), since_ns, ARRIVED_NS + 30)
        whole = reprocessing.Reprocessing(past, Places(registry), reader, None, books, unwrap, choice)
        report = whole.run(past.stretches(0), Event(), lambda _: None)
    assert (report.difference.changed, report.difference.new, report.duplicates) == (10, 0, 2)


def test_what_todays_decoder_refuses_is_stale_and_stays(small: Storage) -> None:
    with closing(small.open_registry()) as registry:
        registry.change_device(Device(DDS75, "offenbach", "decentlab_dl_mbx"))
    before = everything(small)
    found = say(small, model="DL-MBX")
    assert found["refused"] == {"decode/wrong_port": FRAMES + FRAMES // 10}  # a refused frame is not remembered
    assert found["rows"]["stale"] == FRAMES
    assert everything(small) == before


def test_people_read_sums_and_a_table(small: Storage) -> None:
    mend(small)
    said = smartcity("reprocess", "--device", DDS75.upper(), "--since", "2026-05-01", "--dry-run", env=env(small))
    assert "40 rows would be changed, 0 would be new, 0 the same, 0 stale" in said.out
    assert "bin_level.temperature_c" in said.out
    assert "20.0 -> 2.0" in said.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "EM401"], "no decoder is called 'EM401'"),
        (["--device", "24e124713b490099"], "no device is registered"),
        ([], "name a --model"),
    ],
)
def test_a_choice_of_nothing_is_told(small: Storage, arguments: list[str], says: str) -> None:
    said = smartcity("reprocess", "--since", "2026-05-01", *arguments, env=env(small))
    assert said.code in {1, 2}
    assert says in said.err


def test_a_device_that_stood_on_the_asset_is_chosen(small: Storage) -> None:
    with closing(small.open_registry()) as registry, pytest.raises(Refused):
        reprocessing.devices_of(registry, "", "", "of-bin-1")


def test_ctrl_c_ends_it_in_order_and_the_next_call_goes_on(small: Storage) -> None:
    with closing(small.open_journal()) as journal:
        for number in range(FRAMES, 6_000, 1_000):
            journal.append([e for n in range(number, number + 1_000) for e in more(n)])
    deliver(small)
    mend(small)
    command = [sys.executable, "-m", "smartcity", "reprocess", "--model", "DDS75-LB", "--since", "2026-05-01", "--json"]
    process = subprocess.Popen(command, env=env(small), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for((small.data / "reprocess" / "work.json").exists, 30, "the beginning")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    found = json.loads(out)
    rest = say(small)
    assert process.returncode == (0 if found["finished"] else 1)
    assert found["written"] + rest["written"] == found["rows"]["changed"] + rest["rows"]["changed"]
    assert say(small)["written"] == 0


def more(number: int) -> list[Envelope]:
    """One frame a second, arrived as it was received."""
    arrived_ns = ARRIVED_NS + number * 10**9
    at = datetime.fromtimestamp(arrived_ns / 10**9, UTC).isoformat(timespec="milliseconds")
    return [Envelope("test", "chirpstack", None, dds75(number, at), arrived_ns, ())]


def test_an_intake_that_writes_at_the_same_time_loses_nothing(small: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reprocessing, "BATCH", 2)
    mend(small)
    fresh, done = 300, Event()

    def intake() -> None:
        with closing(small.open_journal()) as journal:
            for number in range(1_000, 1_000 + fresh):
                journal.append(more(number))
                deliver_one()
        done.set()

    with (
        closing(small.open_store()) as store,
        closing(small.open_journal()) as journal,
        closing(small.open_ledger()) as ledger,
        closing(small.open_registry()) as registry,
    ):
        delivery = Delivery(store, LocalFeed(journal, ledger, store.name), Places(registry), unwrap)

        def deliver_one() -> None:
            delivery.deliver_batch(Event())

        thread = Thread(target=intake)
        thread.start()
        assert say(small)["rows"]["changed"] == FRAMES  # another process, while this one writes
        thread.join(timeout=60)
    assert done.is_set()
    stored = temperatures(everything(small), DDS75)
    assert stored == [(200 + n) / 100 for n in (*range(FRAMES), *range(1_000, 1_000 + fresh))]
