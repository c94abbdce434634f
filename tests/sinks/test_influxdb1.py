"""What is so only with an InfluxDB 1: its answers, its users, its policies. The rest is in `test_influxdb`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sinks.errors import Refused
from sinks.influxdb.connection import Connection, Tokens
from sinks.influxdb.read import InfluxReader
from sinks.influxdb.session import Session
from sinks.influxdb.setup import onboard, prepare
from sinks.influxdb.setup_one import policies
from sinks.influxdb.write import InfluxStore
from tests.door import environment, smartcity
from tests.servers import influxdb1
from tests.servers.influxdb import Influxdb
from tests.sinks.contract import NOW, everything, point

pytestmark = pytest.mark.server("influxdb1")


@pytest.fixture
def store(bucket_of_one: Influxdb) -> Iterator[InfluxStore]:
    with closing(InfluxStore(bucket_of_one.writer)) as opened:
        yield opened


def spoilt(store: InfluxStore, monkeypatch: pytest.MonkeyPatch, *values: float) -> None:
    """As if the lines with these levels were none."""
    real = store._post

    def spoil(body: bytes) -> None:
        for value in values:
            body = body.replace(f"level_pct={value} ".encode(), b"level_pct= ")
        real(body)

    monkeypatch.setattr(store, "_post", spoil)


def levels(bucket: Influxdb) -> set[object]:
    with closing(InfluxReader(bucket.reader)) as reader:
        return {row.fields.get("level_pct") for row in reader.rows(everything(tenant="offenbach"))}


def test_the_good_lines_beside_a_malformed_one_are_stored_and_counted(
    bucket_of_one: Influxdb, store: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [point(n, level_pct=float(n)) for n in range(20)]
    spoilt(store, monkeypatch, 7.0, 13.0)
    written = store.write(points)
    assert written.accepted == 18
    assert {(item.point.fields["level_pct"], item.code) for item in written.rejected} == {
        (7.0, "server"),
        (13.0, "server"),
    }
    assert levels(bucket_of_one) == {float(n) for n in range(20)} - {7.0, 13.0}


def test_a_malformed_line_that_a_conflict_hides_is_found_all_the_same(
    bucket_of_one: Influxdb, store: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store._post(f"bin_level,tenant=other distance_mm=1i {NOW}".encode())
    spoilt(store, monkeypatch, 7.0)
    good = [point(n, level_pct=float(n)) for n in range(8)]
    conflict = point(9, level_pct=9.0, distance_mm=1.5)
    written = store.write([*good, conflict])
    assert written.accepted == 8
    assert {(item.point.time_ms, item.code, item.field) for item in written.rejected} == {
        (good[7].time_ms, "server", None),
        (conflict.time_ms, "field_type", "distance_mm"),
    }
    assert levels(bucket_of_one) == {float(n) for n in range(7)} | {9.0}


def test_a_token_without_a_user_is_told_what_it_should_look_like(bucket_of_one: Influxdb) -> None:
    with closing(InfluxStore(replace(bucket_of_one.writer, token="one-word"))) as store:  # noqa: S106
        assert ["user:password" in said for said in store.check()] == [True]


def test_a_password_is_in_no_error(bucket_of_one: Influxdb) -> None:
    user, _, password = bucket_of_one.write_token.partition(":")
    with closing(InfluxStore(replace(bucket_of_one.writer, token=f"{user}:not-{password}"))) as store:
        (said,) = store.check()
    assert "does not know this token" in said
    assert password not in said


def test_a_bucket_may_name_a_policy_beside_the_database(bucket_of_one: Influxdb) -> None:
    raw = replace(bucket_of_one.admin, bucket=f"{bucket_of_one.bucket}/raw")
    tokens = prepare(raw, retention_days=30)
    writer, reader = replace(raw, token=tokens.write), replace(raw, token=tokens.read)
    with closing(InfluxStore(writer)) as store, closing(InfluxReader(reader)) as there:
        assert store.write([point(), point(60 * 24 * 40)]).accepted == 1
        assert len(there.rows(everything())) == 1
    assert levels(bucket_of_one) == set()


def test_a_policy_that_is_not_there_is_no_outage(bucket_of_one: Influxdb) -> None:
    nowhere = f"{bucket_of_one.bucket}/nowhere"
    with (
        closing(InfluxStore(replace(bucket_of_one.writer, bucket=nowhere))) as store,
        closing(InfluxReader(replace(bucket_of_one.reader, bucket=nowhere))) as reader,
    ):
        with pytest.raises(Refused, match="nowhere"):
            store.write([point()])
        with pytest.raises(Refused, match="nowhere"):
            reader.latest(everything())


def test_a_database_that_was_dropped_stops_the_sink_until_it_is_set_up_again(
    bucket_of_one: Influxdb, store: InfluxStore
) -> None:
    held = Tokens(bucket_of_one.write_token, bucket_of_one.read_token)
    with closing(Session(bucket_of_one.admin)) as session, session.errors():
        session.tell(f'DROP DATABASE "{bucket_of_one.bucket}"')
    with pytest.raises(Refused, match="database not found"):
        store.write([point()])
    new = prepare(bucket_of_one.admin, 0, held)  # the rights went with the database
    with closing(InfluxStore(replace(bucket_of_one.writer, token=new.write))) as again:
        assert again.write([point()]).accepted == 1


@pytest.mark.parametrize("days", [1, 3, 400])
def test_a_retention_shorter_than_the_servers_shards_is_taken(bucket_of_one: Influxdb, days: int) -> None:
    prepare(bucket_of_one.admin, days)
    with closing(Session(bucket_of_one.admin)) as session, session.errors():
        assert policies(session, bucket_of_one.bucket) == {"autogen": (days * 86_400, True)}


def test_a_database_may_have_any_name(bucket_of_one: Influxdb) -> None:
    admin = replace(bucket_of_one.admin, bucket='of "fenbach" ünd: more')
    tokens = prepare(admin)
    with closing(InfluxStore(replace(admin, token=tokens.write))) as store:
        assert store.write([point()]).accepted == 1


def test_a_server_without_users_takes_the_operators_token_as_its_own_once() -> None:
    with influxdb1.empty() as server:
        with pytest.raises(Refused, match="create admin user first"):
            prepare(server.admin)
        assert onboard(server.admin, "", None)
        assert not onboard(server.admin, "", None)
        with pytest.raises(Refused, match="does not know this token"):
            onboard(replace(server.admin, token="somebody:else"), "", None)  # noqa: S106
        assert server.fresh_bucket().read_token


def house(tmp_path: Path, server: Influxdb) -> dict[str, str]:
    (tmp_path / "admin").write_text(server.admin_token)
    return environment(
        tmp_path / "data",
        SMARTCITY_STORE__INFLUXDB__URL=server.url,
        SMARTCITY_STORE__INFLUXDB__BUCKET=tmp_path.name,
        SMARTCITY_STORE__INFLUXDB__WRITE_TOKEN_FILE=str(tmp_path / "write"),
        SMARTCITY_STORE__INFLUXDB__READ_TOKEN_FILE=str(tmp_path / "read"),
    )


def test_an_empty_server_is_made_ready_and_checked_by_the_command(tmp_path: Path) -> None:
    with influxdb1.empty() as server:
        env = house(tmp_path, server)
        setup = ("influx", "setup", "--admin-token-file", str(tmp_path / "admin"))
        first, again = smartcity(*setup, env=env), smartcity(*setup, env=env)
        assert (first.code, again.code) == (0, 0), first.err + again.err
        assert "has its first user now" in first.out
        assert "the tokens at hand work and stay" in again.out
        checked = smartcity("influx", "check", "--json", env=env)
    rows = json.loads(checked.out)
    assert [(row["right"], row["ok"], row["server"][:2], row["text"]) for row in rows] == [
        ("write", True, "1.", ""),
        ("read", True, "1.", ""),
    ]


def test_a_server_that_asks_nobody_for_a_password_is_told(tmp_path: Path) -> None:
    with influxdb1.running(passwords=False) as server:
        env = house(tmp_path, server)
        assert smartcity("influx", "setup", "--admin-token-file", str(tmp_path / "admin"), env=env).code == 0
        checked = smartcity("influx", "check", env=env)
    assert checked.code == 1
    assert checked.out.count("set auth-enabled = true") == 2


def test_the_users_have_no_other_right(bucket_of_one: Influxdb) -> None:
    with closing(InfluxReader(bucket_of_one.writer)) as reader, pytest.raises(Refused, match="no right"):
        reader.latest(everything())
    for token in (bucket_of_one.write_token, bucket_of_one.read_token):
        mine = Connection(bucket_of_one.url, "", bucket_of_one.bucket, token)
        with closing(Session(mine)) as session, pytest.raises(Refused, match="no right"), session.errors():
            session.tell("CREATE DATABASE another")
