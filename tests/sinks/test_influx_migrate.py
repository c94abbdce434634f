"""`smartcity influx migrate` between real servers: every row is accounted for, twice is once, the source stays."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sinks.errors import Unavailable
from sinks.influxdb import history, migration
from sinks.influxdb.history import History
from sinks.influxdb.migration import Checkpoint, Tally, migrate
from sinks.influxdb.read import LAST_MS, InfluxReader
from sinks.influxdb.session import Session
from sinks.influxdb.write import InfluxStore
from sinks.ports import Row
from tests.door import Said, environment, smartcity
from tests.servers.influxdb import Influxdb
from tests.sinks.contract import HOUR, NOW, everything

DEVICE = "tenant=giessen,asset_id=bin-{n},device_id=24e124{n},model=em400"


def old_frame(n: int, time_ms: int, measured: str = "bin_level") -> list[str]:
    tags = DEVICE.format(n=n)
    return [
        f'{measured},{tags} level_pct={n}.5,quality=1i,decoder="x/1",offset={n}i {time_ms}',
        f'device_status,{tags} battery_pct=88,firmware="1.2",age_s=60,quality=1i,offset={n}i {time_ms}',
        f'link_quality,{tags} rssi_dbm=-110,snr_db=2.5,gateways=2i,gateway="g",offset={n}i {time_ms}',
    ]


def put(bucket: Influxdb, lines: list[str]) -> None:
    with closing(Session(bucket.admin)) as session, session.errors():
        for at in range(0, len(lines), 1000):
            session.post("\n".join(lines[at : at + 1000]).encode())


def all_of(bucket: Influxdb) -> list[Row]:
    with closing(Session(bucket.admin)) as session:
        return list(History(session).rows(-LAST_MS, LAST_MS))


def house(folder: Path, target: Influxdb) -> dict[str, str]:
    (folder / "write").write_text(target.write_token)
    (folder / "read").write_text(target.read_token)
    return environment(
        folder / "data",
        SMARTCITY_STORE__INFLUXDB__URL=target.url,
        SMARTCITY_STORE__INFLUXDB__ORG=target.org,
        SMARTCITY_STORE__INFLUXDB__BUCKET=target.bucket,
        SMARTCITY_STORE__INFLUXDB__WRITE_TOKEN_FILE=str(folder / "write"),
        SMARTCITY_STORE__INFLUXDB__READ_TOKEN_FILE=str(folder / "read"),
    )


def moved(folder: Path, source: Influxdb, target: Influxdb, *more: str) -> Said:
    (folder / "old").write_text(source.read_token)
    old = ("--from-url", source.url, "--from", source.bucket, "--from-token-file", str(folder / "old"))
    org = ("--from-org", source.org) if source.org else ()
    return smartcity(
        "influx", "migrate", "--into", target.bucket, *old, *org, *more, "--json", env=house(folder, target)
    )


def counts(said: Said) -> dict[str, dict[str, Any]]:
    (answer,) = json.loads(said.out)
    assert answer["adds_up"]
    return {row.pop("measurement"): row for row in answer["rows"]}


@pytest.mark.server("influxdb")
@pytest.mark.server("influxdb1")
def test_an_older_model_in_a_1_goes_into_a_2_after_a_rehearsal_and_only_once(
    tmp_path: Path, bucket_of_one: Influxdb, bucket_of_two: Influxdb
) -> None:
    put(bucket_of_one, [line for n in range(40) for line in old_frame(n % 4, NOW - n * HOUR)])
    before = all_of(bucket_of_one)
    rehearsed = moved(tmp_path, bucket_of_one, bucket_of_two, "--dry-run")
    assert counts(rehearsed)["all"] == {"read": 120, "to write": 120, "already there": 0, "rejected": 0}
    assert all_of(bucket_of_two) == []
    done = moved(tmp_path, bucket_of_one, bucket_of_two)
    assert done.code == 0, done.err
    assert counts(done)["link_quality"] == {"read": 40, "written": 40, "already there": 0, "rejected": 0}
    with closing(InfluxReader(bucket_of_two.reader)) as reader:
        rows = reader.rows(everything())
    assert len(rows) == 40
    assert rows[-1].fields == {
        "level_pct": 0.5,
        "quality": 1,
        "decoder": "x/1",
        "offset": 0,
        "battery_pct": 88.0,
        "firmware": "1.2",
        "rssi_dbm": -110.0,
        "snr_db": 2.5,
        "gateways": 2,
        "gateway": "g",
    }
    again = moved(tmp_path, bucket_of_one, bucket_of_two)
    assert counts(again)["all"] == {"read": 120, "written": 0, "already there": 120, "rejected": 0}
    assert all_of(bucket_of_one) == before
    assert list((tmp_path / "data").glob("migration-*")) == []


def test_a_bucket_is_brought_to_the_present_model_in_its_place(tmp_path: Path, bucket: Influxdb) -> None:
    put(bucket, [*old_frame(1, NOW), *old_frame(2, NOW - HOUR)[1:]])
    put(bucket, [f"bin_level,{DEVICE.format(n=3)} level_pct=3,snr_db=1 {NOW}"])
    env = house(tmp_path, bucket)
    assert smartcity("influx", "migrate", "--into", bucket.bucket, env=env).code == 0
    said = smartcity("influx", "migrate", "--into", bucket.bucket, "--json", env=env)
    assert counts(said)["all"]["already there"] == counts(said)["all"]["read"] == 6
    with closing(InfluxReader(bucket.reader)) as reader:
        found = {row.tags["asset_id"]: row.fields for row in reader.rows(everything())}
        status = {row.tags["asset_id"]: row.fields for row in reader.rows(everything("device_status"))}
    assert (found["bin-1"]["snr_db"], found["bin-3"]) == (2.5, {"level_pct": 3.0, "snr_db": 1.0})
    assert status["bin-2"]["snr_db"] == 2.5


def test_what_has_no_place_is_rejected_with_its_reason_and_the_rest_goes(tmp_path: Path, bucket: Influxdb) -> None:
    device = DEVICE.format(n=1)
    put(bucket, [f"weather,{device} rain_mm=1 {NOW}", f"bin_level,{device},host=a level_pct=1 {NOW}"])
    put(bucket, [f'bin_level,{device} level_pct="full",distance_mm=9 {NOW - 30 * 24 * HOUR}'])
    put(bucket, [f"bin_level,{device} level_pct=2i {NOW - 60 * 24 * HOUR}", f"bin_level,{device} level_pct=3 {NOW}"])
    target = bucket.fresh_bucket()
    said = moved(tmp_path, bucket, target)
    assert said.code == 1
    assert counts(said)["all"] == {"read": 5, "written": 3, "already there": 0, "rejected": 2}
    (answer,) = json.loads(said.out)
    assert {it["left_out"] for it in answer["left_out"]} == {
        "weather: row: unknown_field",
        "bin_level: row: unknown_tag",
        "bin_level: field level_pct: field_type",
    }
    assert [row.fields for row in all_of(target)] == [{"level_pct": 2.0}, {"distance_mm": 9.0}, {"level_pct": 3.0}]


def test_a_run_that_was_cut_goes_on_where_it_was_with_its_counts(
    tmp_path: Path, bucket: Influxdb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "BATCH", 10)
    put(bucket, [line for n in range(60) for line in old_frame(n, NOW - n * 1000)])
    target, checkpoint = bucket.fresh_bucket(), Checkpoint(tmp_path / "migration.json")
    with (
        closing(Session(bucket.reader)) as old,
        closing(Session(target.reader)) as new,
        closing(InfluxStore(target.writer)) as store,
    ):
        tally = Tally()

        def settled(through_ms: int) -> None:
            checkpoint.keep(through_ms, tally)
            if tally.read.total() > 60:
                target.process.kill()

        with pytest.raises(Unavailable):
            migrate(History(old).rows(-LAST_MS, LAST_MS), History(new), store.write, tally, settled, NOW)
        target.process.start()
        begin_ms, tally = checkpoint.resume()
        assert 60 < tally.read.total() < 180
        migrate(History(old).rows(begin_ms, LAST_MS), History(new), store.write, tally, lambda _: None, NOW)
    assert tally.adds_up()
    assert (tally.read.total(), tally.written.total()) == (180, 180)
    assert len(all_of(target)) == 60


def test_a_spoilt_checkpoint_is_told_with_what_to_do(tmp_path: Path, bucket: Influxdb) -> None:
    env = house(tmp_path, bucket)
    checkpoint = Checkpoint.of(tmp_path / "data", bucket.reader, bucket.reader)
    checkpoint.file.parent.mkdir()
    checkpoint.file.write_text("{")
    said = smartcity("influx", "migrate", "--into", bucket.bucket, env=env)
    assert (said.code, "remove it to begin anew" in said.err) == (1, True)


@pytest.mark.parametrize("page", [1, 2, 3, 7, 100])
def test_pages_are_complete_when_many_rows_share_a_time(
    bucket: Influxdb, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(history, "PAGE", page)
    put(bucket, [line for n in range(30) for line in old_frame(n, NOW - n // 7)])
    found = all_of(bucket)
    assert len({(row.measurement, row.tags["asset_id"]) for row in found}) == len(found) == 90
    assert [row.time_ms for row in found] == sorted(row.time_ms for row in found)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--into", "another"], "--token-file"),
        (["--into", "{bucket}", "--from-url", "http://127.0.0.1:1"], "--from and --from-token-file"),
        (["--into", "{bucket}", "--from", "nowhere"], "nowhere"),
    ],
)
def test_what_is_missing_to_move_anything_is_told(
    tmp_path: Path, bucket: Influxdb, arguments: list[str], says: str
) -> None:
    given = [it.format(bucket=bucket.bucket) for it in arguments]
    said = smartcity("influx", "migrate", *given, env=house(tmp_path, bucket))
    assert (said.code, says in said.err) == (1, True), said.err


def test_one_token_may_be_given_for_a_bucket_that_the_settings_do_not_name(tmp_path: Path, bucket: Influxdb) -> None:
    put(bucket, old_frame(1, NOW))
    target = bucket.fresh_bucket()
    (tmp_path / "both").write_text(target.admin_token)
    env = house(tmp_path, bucket)
    said = smartcity("influx", "migrate", "--into", target.bucket, "--token-file", str(tmp_path / "both"), env=env)
    assert said.code == 0, said.err
    assert [row.measurement for row in all_of(replace(target))] == ["bin_level"]
