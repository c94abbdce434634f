"""The refusals of a real InfluxDB line by line, also those that our guard lets nobody cause: here they are caused."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import pytest

from sinks.errors import Refused, Unavailable
from sinks.influxdb.connection import call
from sinks.influxdb.delivery import Delivery, Item
from sinks.influxdb.lines import line
from sinks.influxdb.read import InfluxReader
from sinks.influxdb.session import Session
from sinks.influxdb.write import PATIENCE, InfluxStore
from sinks.model import Point
from tests.servers import influxdb, influxdb1
from tests.servers.influxdb import Influxdb
from tests.sinks.contract import NOW, bin_series, everything, point

LINE = f"bin_level,tenant=offenbach,asset_id=bad level_pct=1 {NOW}"
MALFORMED = {
    "no value": LINE.replace("=1 ", "= "),
    "NaN": LINE.replace("=1 ", "=NaN "),
    "infinite": LINE.replace("=1 ", "=Inf "),
    "too large a float": LINE.replace("=1 ", "=1e400 "),
    "too large an integer": LINE.replace("=1 ", "=99999999999999999999i "),
    "empty tag": LINE.replace("asset_id=bad", "asset_id="),
    "tag without value": LINE.replace("asset_id=bad", "asset_id"),
    "tag twice": LINE.replace(",asset_id", ",tenant=giessen,asset_id"),
    "nanoseconds": f"{LINE}000000",
    "no field": LINE.replace("level_pct=1 ", ""),
    "key above 64 KiB": LINE.replace("=bad", f"={'x' * 70_000}"),
}
UNNAMED = {
    "field named time alone": LINE.replace("level_pct=", "time="),
    "quote that never ends": LINE.replace("=1 ", '="1 '),  # and takes in the lines that follow
}


def good(count: int = 9) -> list[Item]:
    points = [point(n, bin_series(n), level_pct=float(n)) for n in range(count)]
    return [(it, line(it)) for it in points]


def deliver(bucket: Influxdb, items: Sequence[Item]) -> Delivery:
    with closing(Session(bucket.writer)) as session, session.errors():
        delivery = Delivery(session.post)
        delivery.run(items)
        return delivery


def assets(bucket: Influxdb) -> list[str]:
    with closing(InfluxReader(bucket.reader)) as reader:
        return sorted(row.tags["asset_id"] for row in reader.latest(everything()))


@pytest.mark.parametrize("text", [*MALFORMED.values(), *UNNAMED.values()], ids=[*MALFORMED, *UNNAMED])
def test_the_lines_beside_one_that_is_refused_are_stored_and_that_one_is_known(bucket: Influxdb, text: str) -> None:
    only_the_bad_one_is_rejected(bucket, text)


@pytest.mark.server("influxdb")
def test_a_text_that_is_too_long_for_a_2_is_rejected_alone(bucket_of_two: Influxdb) -> None:
    only_the_bad_one_is_rejected(bucket_of_two, LINE.replace("level_pct=1", f'firmware="{"x" * 1_100_000}"'))


def only_the_bad_one_is_rejected(bucket: Influxdb, text: str) -> None:
    bad = point(99, bin_series(99), level_pct=1.0)
    items = good()
    delivery = deliver(bucket, [*items[:4], (bad, text.encode()), *items[4:]])
    assert (delivery.accepted, [(item.point, item.code) for item in delivery.rejected]) == (9, [(bad, "server")])
    assert assets(bucket) == [f"bin-{n}" for n in range(9)]


@pytest.mark.server("influxdb")
def test_all_malformed_lines_of_a_batch_are_named_at_once(bucket_of_two: Influxdb) -> None:
    sent: list[bytes] = []
    bad = [(point(n, bin_series(n), level_pct=1.0), text.encode()) for n, text in enumerate(MALFORMED.values(), 50)]
    with closing(Session(bucket_of_two.writer)) as session, session.errors():

        def post(body: bytes) -> None:
            sent.append(body)
            session.post(body)

        delivery = Delivery(post)
        delivery.run([*bad, *good()])
    assert delivery.accepted == 9
    assert {item.point.series.asset_id for item in delivery.rejected} == {it.series.asset_id for it, _ in bad}
    assert len(sent) == 2


def test_a_batch_that_is_older_than_the_retention_as_a_whole_takes_one_request(
    influxdb_server: Influxdb, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = influxdb_server.fresh_bucket(retention_days=30)
    sent: list[bytes] = []
    with closing(InfluxStore(bucket.writer)) as store:
        real = store._post

        def counted(body: bytes) -> None:
            sent.append(body)
            real(body)

        monkeypatch.setattr(store, "_post", counted)
        written = store.write([point(60 * 24 * 40 + n) for n in range(500)])
    assert (written.accepted, {item.code for item in written.rejected}, len(sent)) == (0, {"retention"}, 1)


def test_a_type_that_conflicts_only_with_another_week_is_stored_and_told_by_the_check(bucket: Influxdb) -> None:
    with closing(InfluxStore(bucket.writer)) as store, closing(InfluxReader(bucket.reader)) as reader:
        store._post(f"bin_level,tenant=other level_pct=1i {NOW - 30 * 86_400_000}".encode())
        assert store.write([point(level_pct=1.5)]).accepted == 1
        assert sorted(kind for name, kind in reader.field_keys()["bin_level"] if name == "level_pct") == [
            "float",
            "integer",
        ]
        assert [row.fields for row in reader.latest(everything(tenant="offenbach"))] == [{"level_pct": 1.5}]


@pytest.mark.server("influxdb")
def test_a_retention_drop_that_a_conflict_hides_is_found(influxdb_two: Influxdb) -> None:
    bucket = influxdb_two.fresh_bucket(retention_days=30)
    with closing(InfluxStore(bucket.writer)) as store:
        store._post(f"bin_level,tenant=other distance_mm=1i {NOW}".encode())
        old, spoilt = point(60 * 24 * 40), point(1, distance_mm=1.5)
        written = store.write([old, spoilt, point(2)])
    assert written.accepted == 1
    assert {(item.point.time_ms, item.code) for item in written.rejected} == {
        (old.time_ms, "retention"),
        (spoilt.time_ms, "field_type"),
    }


@pytest.mark.server("influxdb")
@pytest.mark.parametrize("status", ["inactive", "deleted"])
def test_a_token_that_was_taken_away_stops_the_sink(bucket_of_two: Influxdb, status: str) -> None:
    with bucket_of_two.admin.open() as client, closing(InfluxStore(bucket_of_two.writer)) as store:
        given = call(client, "GET", "/api/v2/authorizations", [("org", bucket_of_two.org)])["authorizations"]
        (mine,) = [it["id"] for it in given if it["description"] == f"smartcity: write {bucket_of_two.bucket}"]
        if status == "inactive":
            call(client, "PATCH", f"/api/v2/authorizations/{mine}", body={"status": "inactive"})
        else:
            call(client, "DELETE", f"/api/v2/authorizations/{mine}")
        with pytest.raises(Refused, match="token"):
            store.write([point()])


def fill(store: InfluxStore, points: Sequence[Point]) -> int:
    """How many it takes, by fifties, before it has no room."""
    for taken in range(0, len(points), 50):
        try:
            store.write(points[taken : taken + 50])
        except Unavailable:
            return taken
    raise AssertionError("there was room for all")


@pytest.mark.server("influxdb")
def test_a_full_cache_is_waited_for_and_no_line_is_blamed() -> None:
    with (
        influxdb.running("--storage-cache-max-memory-size=100000") as server,
        closing(InfluxStore(server.writer)) as store,
    ):
        points = [Point(bin_series(n), NOW + n, {"level_pct": float(n)}) for n in range(3000)]
        taken = fill(store, points)
        for _ in range(3 * PATIENCE):
            with pytest.raises(Unavailable, match="cache-max-memory-size exceeded"):
                store.write(points[taken : taken + 1000])
        server.process.command.remove("--storage-cache-max-memory-size=100000")
        server.process.kill()
        server.process.start()
        assert store.write(points).accepted == 3000


@pytest.mark.server("influxdb1")
def test_a_body_above_the_servers_limit_goes_in_parts() -> None:
    with influxdb1.running(more="max-body-size = 5000") as server, closing(InfluxStore(server.writer)) as store:
        points = [point(n, bin_series(n), level_pct=float(n)) for n in range(500)]
        assert store.write(points).accepted == 500
        assert len(assets(server)) == 500


@pytest.mark.server("influxdb1")
def test_a_new_series_above_the_servers_limit_is_refused_and_the_known_ones_are_stored() -> None:
    limit = 'index-version = "inmem"\nmax-series-per-database = 5'
    with influxdb1.running(data=limit) as server, closing(InfluxStore(server.writer)) as store:
        known = [point(1, bin_series(n)) for n in range(5)]
        assert store.write(known).accepted == 5
        new = [point(0, bin_series(n)) for n in range(3, 8)]
        written = store.write(new)
    assert written.accepted == 2
    assert sorted((item.point.series.asset_id, item.code) for item in written.rejected) == [
        (f"bin-{n}", "server") for n in (5, 6, 7)
    ]
    assert "max-series-per-database" in written.rejected[0].detail
