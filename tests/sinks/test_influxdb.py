"""The store in a real InfluxDB, a 2 and a 1: the contract, and the ways in which both say no."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from sinks.errors import Refused, Unavailable
from sinks.guard import Limits
from sinks.influxdb.connection import DAY_S, Tokens
from sinks.influxdb.read import InfluxReader
from sinks.influxdb.setup import onboard, prepare
from sinks.influxdb.write import InfluxStore
from sinks.model import Point
from tests.servers.influxdb import Influxdb
from tests.sinks.contract import NOW, SERIES, Backend, StoreContract, bin_series, everything, point, reader, store

__all__ = ["reader", "store"]


@pytest.fixture
def backend(bucket: Influxdb) -> Backend:
    @contextmanager
    def stopped() -> Iterator[None]:
        bucket.process.kill()
        try:
            yield
        finally:
            bucket.process.start()

    def restart() -> None:
        with stopped():
            pass

    return Backend(lambda: InfluxStore(bucket.writer), lambda: InfluxReader(bucket.reader), stopped, restart)


class TestInfluxdb(StoreContract):
    """All of the contract."""


def make_conflict(bucket: Influxdb, field: str = "level_pct") -> None:
    """As another program, or an older one of ours, might have done behind our back."""
    store = InfluxStore(bucket.writer)
    store._post(f"bin_level,tenant=other {field}=1i {NOW}".encode())
    store.close()


def test_a_killed_server_loses_nothing_that_was_acknowledged(bucket: Influxdb) -> None:
    store = InfluxStore(bucket.writer, batch=100)
    points = [Point(bin_series(n % 40), NOW - n // 40, {"level_pct": float(n)}) for n in range(8000)]
    under_way = threading.Event()

    def kill() -> None:
        under_way.wait(60)
        bucket.process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    done = 0
    while done < len(points):
        if done == 2000:
            under_way.set()
        try:
            store.write(points[done : done + 400])
            done += 400
        except Unavailable:
            killer.join()
            bucket.process.start()
    store.close()
    reader = InfluxReader(bucket.reader)
    assert not killer.is_alive()
    assert len(reader.rows(everything(), None, 10_000)) == 8000
    reader.close()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"token": "nobody:knows"}, "does not know this token"),
        ({"bucket": "nowhere"}, "nowhere"),
    ],
)
def test_wrong_settings_are_refused_with_what_to_do(bucket: Influxdb, wrong: dict[str, str], says: str) -> None:
    store = InfluxStore(replace(bucket.writer, **wrong))  # type: ignore[arg-type]  # all of them texts
    with pytest.raises(Refused, match=says):
        store.write([point()])
    assert [says in sentence for sentence in store.check()] == [True]
    store.close()


def test_a_token_that_may_only_read_cannot_write_and_is_never_shown(bucket: Influxdb) -> None:
    store = InfluxStore(bucket.reader)
    with pytest.raises(Refused, match="no right for bucket") as caught:
        store.write([point()])
    assert bucket.read_token not in f"{caught.value!r} {bucket.reader!r} {caught.value.__context__}"
    store.close()


@pytest.mark.parametrize("wrong", [{"token": "nobody:knows"}, {"bucket": "nowhere"}])
def test_a_reader_with_wrong_settings_is_refused(bucket: Influxdb, wrong: dict[str, str]) -> None:
    reader = InfluxReader(replace(bucket.reader, **wrong))  # type: ignore[arg-type]  # all of them texts
    for ask in (reader.latest, reader.rows):
        with pytest.raises(Refused):
            ask(everything())
    assert len(reader.check()) == 1
    reader.close()


def test_a_token_that_may_only_write_cannot_read(bucket: Influxdb) -> None:
    reader = InfluxReader(bucket.writer)
    with pytest.raises(Refused, match="no right"):
        reader.latest(everything())
    reader.close()


def test_a_field_whose_type_was_spoilt_is_rejected_and_the_rest_of_the_rows_stored(bucket: Influxdb) -> None:
    make_conflict(bucket)
    store, reader = InfluxStore(bucket.writer), InfluxReader(bucket.reader)
    bad = [point(0, bin_series(n), level_pct=1.5, distance_mm=float(n)) for n in range(3)]
    good = [point(0, bin_series(n), distance_mm=float(n)) for n in range(3, 30)]
    written = store.write([*good[:9], *bad, *good[9:]])
    assert {(item.point.series.asset_id, item.code, item.field) for item in written.rejected} == {
        (f"bin-{n}", "field_type", "level_pct") for n in range(3)
    }
    assert written.accepted == 30
    rows = reader.rows(everything(tenant="offenbach"))
    assert [row.fields for row in rows] == [
        {"distance_mm": float(n)} for n in sorted(range(30), key=lambda n: f"bin-{n}")
    ]
    store.close()
    reader.close()


def test_a_row_of_nothing_but_spoilt_fields_is_rejected_whole_in_the_end(bucket: Influxdb) -> None:
    for field in ("level_pct", "distance_mm"):
        make_conflict(bucket, field)
    store = InfluxStore(bucket.writer)
    written = store.write([point(level_pct=1.5, distance_mm=900.0)])
    assert written.accepted == 0
    assert [item.field for item in written.rejected][1:] == [None]
    store.close()


def test_a_spoilt_field_is_still_read_as_the_number_it_is(bucket: Influxdb) -> None:
    make_conflict(bucket)
    reader = InfluxReader(bucket.reader)
    assert [row.fields for row in reader.latest(everything())] == [{"level_pct": 1.0}]
    reader.close()


def test_what_is_older_than_the_retention_is_rejected_and_nothing_else(influxdb_server: Influxdb) -> None:
    bucket = influxdb_server.fresh_bucket(retention_days=30)
    make_conflict(bucket)
    store, reader = InfluxStore(bucket.writer), InfluxReader(bucket.reader)
    old = [point(60 * 24 * 40 + n, distance_mm=1.0) for n in range(20)]
    spoilt = point(3, level_pct=1.0)
    written = store.write([*old[:7], point(2, distance_mm=2.0), spoilt, *old[7:]])
    assert written.accepted == 1
    reasons = {(item.point.time_ms, item.code) for item in written.rejected}
    assert reasons == {(p.time_ms, "retention") for p in old} | {(spoilt.time_ms, "field_type")}
    assert [row.fields for row in reader.rows(everything(tenant="offenbach"))] == [{"distance_mm": 2.0}]
    store.close()
    reader.close()


def test_a_line_that_the_server_cannot_parse_is_rejected_alone(
    bucket: Influxdb, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = point(5, level_pct=13.0)
    real = InfluxStore._post

    def spoil(store: InfluxStore, body: bytes) -> None:
        real(store, body.replace(b"level_pct=13.0", b"level_pct="))

    store, reader = InfluxStore(bucket.writer), InfluxReader(bucket.reader)
    monkeypatch.setattr(InfluxStore, "_post", spoil)
    written = store.write([point(1), bad, point(2)])
    assert [(item.point, item.code) for item in written.rejected] == [(bad, "server")]
    assert "missing field value" in written.rejected[0].detail
    assert len(reader.rows(everything())) == written.accepted == 2
    store.close()
    reader.close()


def test_a_time_before_everything_needs_its_limits_opened(bucket: Influxdb) -> None:
    store = InfluxStore(bucket.writer, limits=Limits(earliest_ms=0))
    assert store.write([Point(SERIES, 1_000, {"level_pct": 1.0})]).accepted == 1
    store.close()


def test_preparing_again_keeps_bucket_and_working_tokens(bucket: Influxdb) -> None:
    held = Tokens(bucket.write_token, bucket.read_token)
    assert prepare(bucket.admin, 0, held) == held


def test_preparing_without_the_tokens_revokes_the_old_ones(bucket: Influxdb) -> None:
    new = prepare(bucket.admin, 0, Tokens("for:gotten", bucket.read_token))
    old, fresh = InfluxStore(bucket.writer), InfluxStore(replace(bucket.writer, token=new.write))
    assert len(old.check()) == 1
    assert fresh.check() == []
    old.close()
    fresh.close()


def test_preparing_again_changes_the_retention(bucket: Influxdb) -> None:
    store = InfluxStore(bucket.writer)
    held = Tokens(bucket.write_token, bucket.read_token)
    old = [point(60 * 24 * 20)]
    for days, accepted in ((10, 0), (0, 1), (30, 1)):
        prepare(bucket.admin, days, held)
        assert store.write(old).accepted == accepted
    assert DAY_S == 86_400
    store.close()


def test_a_server_is_onboarded_once(bucket: Influxdb) -> None:
    assert onboard(bucket.admin, "somebody", "else-entirely") is False


@pytest.mark.server("influxdb")
def test_an_organisation_that_is_not_there_is_refused(bucket_of_two: Influxdb) -> None:
    with closing(InfluxStore(replace(bucket_of_two.writer, org="nobody"))) as store:
        assert ["nobody" in sentence for sentence in store.check()] == [True]
    with pytest.raises(Refused, match="nobody"):
        prepare(replace(bucket_of_two.admin, org="nobody"))
