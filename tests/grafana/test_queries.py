"""Every query of every board, expanded as Grafana does, against a real InfluxDB: seeded, and empty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

import pytest

from grafana.__main__ import BOARDS
from sinks.influxdb.connection import call
from sinks.influxdb.write import InfluxStore
from sinks.model import Field, Point, Series
from tests.grafana.expand import View
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb

pytestmark = pytest.mark.server("influxdb")

NOW: Final = 1_780_000_000_000
HOUR: Final = 3_600_000
MOMENTS: Final = View(NOW)
BOARD: Final = BOARDS["bins"]().to_json()
VARIABLES: Final = [variable for variable in BOARD["templating"]["list"] if variable["type"] == "query"]


@pytest.fixture(scope="module")
def server() -> Iterator[Influxdb]:
    with influxdb.running() as running:
        yield running


@pytest.fixture(scope="module")
def seeded(server: Influxdb) -> Influxdb:
    bucket = server.fresh_bucket()
    with closing(InfluxStore(bucket.writer)) as store:
        assert store.write(list(rows(NOW))).rejected == ()
    return bucket


def rows(now: int) -> Iterator[Point]:
    """Two days of five bins and a tree, a point an hour: half full, due, overfull, silent for three days, no echo."""

    def point(asset: str, hours_ago: float, kind: str = "bin_level", **fields: Field) -> Point:
        tenant = "giessen" if asset.startswith("gi") else "offenbach"
        return Point(Series(kind, tenant, asset, f"eui-{asset}", "em400"), now - round(hours_ago * HOUR), fields)

    for hour in range(48):
        if not 10 <= hour < 20:
            yield point("of-half", hour, level_pct=50.0, volume_l=120.0, temperature_c=11.5, quality=1)
        yield point("of-due.1", hour, level_pct=80.0 - hour, quality=1)
        yield point("gi-over", hour, level_pct=95.0, quality=3)
    yield point("of-silent", 72, level_pct=92.0, quality=1)
    yield point("of-blind", 1, quality=9)
    yield point("", 1, quality=9)
    yield point("of-half", 2, "device_status", battery_pct=88.0)
    yield point("of-due.1", 1, battery_pct=77.0, battery_v=3.6)
    yield point("gi-tree", 0, "device_status", battery_v=3.1)


def ask(bucket: Influxdb, text: str) -> list[dict[str, Any]]:
    """Its series; an error in the answer is a failure."""
    with bucket.reader.open() as client, bucket.reader.errors():
        found = call(client, "POST", "/query", [("db", bucket.bucket), ("epoch", "ms"), ("q", text)])
    (result,) = found["results"]
    assert "error" not in result, result
    series: list[dict[str, Any]] = result.get("series", [])
    return series


def panel(title: str) -> dict[str, Any]:
    return next(found for found in BOARD["panels"] if found["title"] == title)


def show(bucket: Influxdb, title: str, view: View = MOMENTS, target: int = 0) -> list[dict[str, Any]]:
    return ask(bucket, view.expand(panel(title)["targets"][target]["query"], VARIABLES))


def number(bucket: Influxdb, title: str, view: View = MOMENTS) -> float | None:
    series = show(bucket, title, view)
    return series[0]["values"][0][1] if series else None


def table(series: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By bin: its one row as column to value."""
    for found in series:
        assert len(found["values"]) == 1
    return {found["tags"]["asset_id"]: dict(zip(found["columns"], found["values"][0], strict=True)) for found in series}


def test_the_tiles_count_each_bin_once(seeded: Influxdb) -> None:
    assert [number(seeded, title) for title in ("Fällig", "Überfüllt", "Stumm")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("chosen", "due", "overfull", "silent"),
    [
        ({"city": ["giessen"]}, 0, 1, 0),
        ({"city": ["offenbach"]}, 1, 0, 1),
        ({"city": ["offenbach", "giessen"], "bin": ["of-due.1", "gi-over"]}, 1, 1, 0),
        ({"bin": ["of-silent"]}, None, None, 1),
        ({"bin": ["of-due"]}, None, None, None),
    ],
)
def test_a_choice_narrows_the_tiles_and_none_is_not_no_data(
    seeded: Influxdb, chosen: dict[str, list[str]], due: int | None, overfull: int | None, silent: int | None
) -> None:
    view = replace(MOMENTS, chosen=chosen)
    assert [number(seeded, title, view) for title in ("Fällig", "Überfüllt", "Stumm")] == [due, overfull, silent]


def test_a_bin_that_went_silent_no_longer_counts_as_full(seeded: Influxdb) -> None:
    two_days_later = View(NOW + 48 * HOUR)
    found = [number(seeded, title, two_days_later) for title in ("Fällig", "Überfüllt", "Stumm")]
    assert found == [None, None, 5]


def test_the_history_has_a_series_for_each_bin_and_gaps_stay_gaps(seeded: Influxdb) -> None:
    series = show(seeded, "Füllstand im Verlauf", View(NOW, "now-2d", interval="1h"))
    found = {one["tags"]["asset_id"]: [value for _, value in one["values"]] for one in series}
    assert set(found) == {"of-half", "of-due.1", "gi-over"}
    assert sorted(set(found["of-half"]), key=str) == [50, None]
    assert found["of-half"].count(None) >= 10
    assert max(value for value in found["of-due.1"] if value is not None) == 80


def test_the_history_begins_and_ends_with_the_boards_time(seeded: Influxdb) -> None:
    (one,) = show(seeded, "Füllstand im Verlauf", View(NOW, "now-6h", chosen={"bin": ["gi-over"]}))
    times = [time for time, _ in one["values"]]
    assert NOW - 6 * HOUR - 30 * 60_000 < times[0] <= NOW - 6 * HOUR
    assert NOW - 30 * 60_000 < times[-1] <= NOW


def test_the_table_has_the_newest_row_of_each_bin_with_its_own_time(seeded: Influxdb) -> None:
    found = table(show(seeded, "Letzte Werte"))
    assert set(found) == {"of-half", "of-due.1", "gi-over", "of-silent", "of-blind"}
    assert found["of-half"] == {"time": NOW, "level_pct": 50, "volume_l": 120, "temperature_c": 11.5, "quality": 1}
    assert found["of-silent"]["time"] == NOW - 72 * HOUR
    assert (found["of-blind"]["level_pct"], found["of-blind"]["quality"]) == (None, 9)


def test_the_table_has_the_newest_battery_of_a_frame_or_of_the_network_server(seeded: Influxdb) -> None:
    measured, told = (table(show(seeded, "Letzte Werte", target=target)) for target in (1, 2))
    assert (measured["of-due.1"]["battery_pct"], measured["of-due.1"]["battery_v"]) == (77, 3.6)
    assert (told["of-half"]["battery_pct"], told["of-half"]["time"]) == (88, NOW - 2 * HOUR)


def test_the_columns_that_grafana_joins_and_names_are_the_ones_that_come(seeded: Influxdb) -> None:
    come = {"Time"}
    for target in (0, 1, 2):
        for series in show(seeded, "Letzte Werte", target=target):
            come |= set(series["tags"]) | set(series["columns"][1:])
    merge, group, keep, organize = panel("Letzte Werte")["transformations"]
    assert merge["id"] == "merge"
    assert set(group["options"]["fields"]) == come
    named = {
        f"{column} ({how['aggregations'][0]})" if how["aggregations"] else column
        for column, how in group["options"]["fields"].items()
    }
    assert set(organize["options"]["renameByName"]) == named
    assert keep["options"]["filters"][0]["fieldName"] in named


def test_overrides_name_columns_that_there_are() -> None:
    found = panel("Letzte Werte")
    titles = set(found["transformations"][-1]["options"]["renameByName"].values())
    assert {override["matcher"]["options"] for override in found["fieldConfig"]["overrides"]} <= titles
    assert {column["displayName"] for column in found["options"]["sortBy"]} <= titles


def test_a_browser_that_asks_for_the_last_days_gets_the_same(server: Influxdb) -> None:
    import time  # noqa: PLC0415 only here does it matter what time it is

    bucket, now = server.fresh_bucket(), time.time_ns() // 1_000_000
    with closing(InfluxStore(bucket.writer)) as store:
        store.write(list(rows(now)))
    view = View(now, relative=True)
    assert [number(bucket, title, view) for title in ("Fällig", "Überfüllt", "Stumm")] == [1, 1, 1]
    assert len(show(bucket, "Letzte Werte", view)) == 5


def test_variables_offer_cities_and_the_bins_of_the_chosen_ones(seeded: Influxdb) -> None:
    def offered(name: str, view: View) -> list[str]:
        variable = next(v for v in VARIABLES if v["name"] == name)
        series = ask(seeded, view.expand(variable["query"], VARIABLES))
        return [value for one in series for _, value in one["values"]]

    assert offered("city", MOMENTS) == ["giessen", "offenbach"]
    assert offered("bin", replace(MOMENTS, chosen={"city": ["giessen"]})) == ["gi-over"]


def test_an_empty_bucket_gives_no_data_and_no_error(server: Influxdb) -> None:
    bucket = server.fresh_bucket()
    texts = [target["query"] for found in BOARD["panels"] for target in found["targets"]]
    for text in [*texts, *(variable["query"] for variable in VARIABLES)]:
        assert ask(bucket, MOMENTS.expand(text, VARIABLES)) == []


def test_the_token_of_the_boards_cannot_delete(seeded: Influxdb) -> None:
    before = number(seeded, "Fällig")
    with pytest.raises(AssertionError, match="error"):
        ask(seeded, 'DELETE FROM "bin_level"')
    assert number(seeded, "Fällig") == before
    assert json.dumps(BOARD).count("DELETE") == 0
