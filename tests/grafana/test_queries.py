"""Queries of the boards of bins and trees, expanded as Grafana does: a real InfluxDB, seeded and empty."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

import pytest

from grafana.__main__ import BOARDS
from sinks.influxdb.connection import call
from sinks.influxdb.write import InfluxStore
from tests.grafana.expand import View
from tests.grafana.seed import BINS, HOUR, NOW, TREES, town
from tests.grafana.tables import Row, in_browser, merged, on_server
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb

pytestmark = pytest.mark.server("influxdb")

ALL: Final = View(NOW, chosen={"tour": ["24"]})
NAMES: Final = ("bins", "bin", "trees")
BOARD: Final = {name: BOARDS[name]("de").to_json() for name in NAMES}
EVERY: Final = [
    pytest.param(name, panel["title"], n, id=f"{name}-{panel['title']}-{target['refId']}")
    for name in NAMES
    for panel in BOARD[name]["panels"]
    for n, target in enumerate(panel["targets"])
]
TABLES: Final = [
    pytest.param(name, found["title"], id=f"{name}-{found['title']}")
    for name in NAMES
    for found in BOARD[name]["panels"]
    if found["type"] in {"table", "geomap"}
]
Reading = Callable[[list[dict[str, Any]], dict[str, Any]], Iterator[Row]]
MARKS: Final = [(name, mark["target"]["query"]) for name in NAMES for mark in BOARD[name]["annotations"]["list"]]


@pytest.fixture(scope="module")
def server() -> Iterator[Influxdb]:
    with influxdb.running() as running:
        yield running


@pytest.fixture(scope="module")
def seeded(server: Influxdb) -> Influxdb:
    return filled(server, NOW)


def filled(server: Influxdb, now_ms: int) -> Influxdb:
    bucket = server.fresh_bucket()
    with closing(InfluxStore(bucket.writer)) as store:
        assert store.write(list(town(now_ms))).rejected == ()
    return bucket


def ask(bucket: Influxdb, text: str) -> list[dict[str, Any]]:
    """Its series; an error in the answer is a failure."""
    with bucket.reader.open() as client, bucket.reader.errors():
        found = call(client, "POST", "/query", [("db", bucket.bucket), ("epoch", "ms"), ("q", text)])
    (result,) = found["results"]
    assert "error" not in result, result
    series: list[dict[str, Any]] = result.get("series", [])
    return series


def variables(name: str) -> list[dict[str, Any]]:
    return BOARD[name]["templating"]["list"]  # type: ignore[no-any-return]


def panel(name: str, title: str) -> dict[str, Any]:
    return next(found for found in BOARD[name]["panels"] if found["title"] == title)


def show(bucket: Influxdb, name: str, title: str, view: View = ALL, target: int = 0) -> list[dict[str, Any]]:
    return ask(bucket, view.expand(panel(name, title)["targets"][target]["query"], variables(name)))


def number(bucket: Influxdb, name: str, title: str, view: View = ALL) -> float | None:
    series = show(bucket, name, title, view)
    return series[0]["values"][-1][1] if series else None


def numbers(bucket: Influxdb, name: str, view: View = ALL) -> list[float | None]:
    """Of the four tiles."""
    return [number(bucket, name, found["title"], view) for found in BOARD[name]["panels"][:4]]


def shown(bucket: Influxdb, name: str, title: str, read: Reading = in_browser, view: View = ALL) -> list[Row]:
    """The rows of a table or map."""
    targets = panel(name, title)["targets"]
    return merged([read(show(bucket, name, title, view, n), target) for n, target in enumerate(targets)])


def view_of(name: str, view: View = ALL) -> View:
    """One asset on the board of one."""
    return replace(view, chosen={"bin": ["of-half"]}) if name == "bin" else view


@pytest.mark.parametrize(("name", "title", "target"), EVERY)
def test_every_query_finds_numbers_or_words(seeded: Influxdb, name: str, title: str, target: int) -> None:
    none = {"Füllrate je Tag", "Geleert vor"}  # nobody has derived them here
    unknown = {"fill_rate_pct_d", "since_emptied_h", "since_watered_d"}
    series = show(seeded, name, title, view_of(name), target)
    values = [row for one in series for row in one["values"]]
    columns = {part[0]["params"][0] for part in panel(name, title)["targets"][target].get("select", ())}
    assert bool(values) is (title not in none and not columns & unknown)
    assert not values or any(cell is not None for row in values for cell in row[1:])


@pytest.mark.parametrize(("name", "query"), MARKS)
def test_every_mark_has_its_text_and_tags(seeded: Influxdb, name: str, query: str) -> None:
    (found,) = ask(seeded, view_of(name).expand(query, variables(name)))
    assert found["columns"] == ["time", "before", "text", "tags"]
    assert {row[2] for row in found["values"]} == {
        "bins": {"of-half", "of-due"},
        "bin": {"of-half"},
        "trees": {"of-plan"},
    }[name]


def test_an_empty_bucket_gives_no_data_and_no_error(server: Influxdb) -> None:
    bucket = server.fresh_bucket()
    for name in NAMES:
        texts = [target["query"] for found in BOARD[name]["panels"] for target in found["targets"]]
        texts += [mark["target"]["query"] for mark in BOARD[name]["annotations"]["list"]]
        texts += [variable["query"] for variable in variables(name) if variable["type"] == "query"]
        for text in texts:
            assert ask(bucket, view_of(name).expand(text, variables(name))) == []


def test_the_tiles_count_each_asset_once(seeded: Influxdb) -> None:
    assert numbers(seeded, "bins") == [1, 1, 1, 2]
    assert numbers(seeded, "trees") == [1, 1, 2, 1]


@pytest.mark.parametrize(("hours", "before_the_tour"), [("24", 1), ("48", 1), ("72", 2)])
def test_the_tour_that_is_chosen_says_what_is_due_before(seeded: Influxdb, hours: str, before_the_tour: int) -> None:
    assert numbers(seeded, "bins", replace(ALL, chosen={"tour": [hours]}))[1] == before_the_tour


@pytest.mark.parametrize(
    ("chosen", "counted"),
    [
        ({"city": ["giessen"]}, [0, 0, 1, 2]),
        ({"city": ["offenbach"]}, [1, 1, 0, 0]),
        ({"city": ["offenbach", "giessen"], "bin": ["of-soon.1", "gi-over"]}, [0, 1, 1, 0]),
        ({"bin": ["of-soonx1"]}, [None, None, None, None]),
    ],
)
def test_a_choice_narrows_the_tiles_and_none_is_not_no_data(
    seeded: Influxdb, chosen: dict[str, list[str]], counted: list[float | None]
) -> None:
    assert numbers(seeded, "bins", replace(ALL, chosen={"tour": ["24"]} | chosen)) == counted


def test_a_state_that_nobody_renews_is_no_longer_shown_as_present(seeded: Influxdb) -> None:
    later = replace(ALL, to_ms=NOW + 3 * HOUR)
    for name in ("bins", "trees"):
        assert numbers(seeded, name, later) == [None] * 4
    assert show(seeded, "bins", "Karte", later) == []


@pytest.mark.parametrize(("name", "title", "known"), [
    ("bins", "Karte", BINS), ("bins", "Behälter nach Füllstand", BINS),
    ("trees", "Karte", TREES), ("trees", "Bäume nach Bedarf", TREES),
])  # fmt: skip
def test_map_and_list_have_each_asset_as_it_is_now(
    seeded: Influxdb, name: str, title: str, known: dict[str, dict[str, Any]]
) -> None:
    found = {row["asset_id"]: row for row in shown(seeded, name, title)}
    assert set(found) == set(known)
    for asset, fields in known.items():
        row = found[asset]
        assert row["Time"] == NOW - NOW % HOUR
        assert {key: row[key] for key in fields if key in row} == {k: v for k, v in fields.items() if k in row}
        assert "lat" not in row or (row["lat"], row["lon"]) == (50.1, 8.75)


@pytest.mark.parametrize(("name", "title"), TABLES)
def test_a_table_is_the_same_from_the_browser_and_from_the_server(seeded: Influxdb, name: str, title: str) -> None:
    view = view_of(name)
    rows = shown(seeded, name, title, in_browser, view)
    assert rows
    assert shown(seeded, name, title, on_server, view) == rows


@pytest.mark.parametrize(("name", "title"), TABLES)
def test_every_column_that_a_table_names_is_asked_for(seeded: Influxdb, name: str, title: str) -> None:
    come = {"Time"}
    for n, target in enumerate(panel(name, title)["targets"]):
        come |= {part[0]["params"][0] for part in target["select"]}
        come |= {tag for one in show(seeded, name, title, view_of(name), n) for tag in one.get("tags", {})}
    organize = next(change for change in panel(name, title)["transformations"] if change["id"] == "organize")
    assert set(organize["options"]["renameByName"]) <= come


def test_the_history_has_mean_high_and_highest(seeded: Influxdb) -> None:
    title, day = "Füllstand im Verlauf", replace(ALL, since="now-1d", interval="1h")
    assert [target["alias"] for target in panel("bins", title)["targets"]] == [
        "Mittel",
        "Vollstes Zehntel ab",
        "Vollster",
    ]
    found = [show(seeded, "bins", title, day, target) for target in range(3)]
    assert [{value for _, value in one["values"]} - {None} for (one,) in found] == [{75.5}, {97}, {97}]


def test_a_gap_stays_a_gap(seeded: Influxdb) -> None:
    view = replace(view_of("bin"), since="now-2d", interval="1h")
    (one,) = show(seeded, "bin", "Füllstand und Abstand", view)
    values = [value for _, value in one["values"]]
    assert set(values) == {50, None}
    assert values.count(None) >= 10


def test_what_was_emptied_today_begins_at_midnight_of_the_city(seeded: Influxdb) -> None:
    (days,) = show(seeded, "bins", "Heute geleert")
    assert [counted for _, counted in days["values"]][-2:] == [1, 1]
    assert days["values"][-1][0] % (24 * HOUR) == 22 * HOUR  # summer time
    tomorrow = replace(ALL, to_ms=NOW + 24 * HOUR)
    assert number(seeded, "bins", "Heute geleert", tomorrow) == 0
    assert number(seeded, "bins", "Füllstand bei Leerung") == 75


def test_each_depth_is_a_line_and_both_kinds_of_probe_stay_apart(seeded: Influxdb) -> None:
    tension, usable = (show(seeded, "trees", f"{what} nach Tiefe") for what in ("Saugspannung", "Nutzbares Wasser"))
    assert told(tension) == {("30", (85.0, 85.0)), ("60", (40.0, 40.0))}
    assert told(usable) == {("30", (50.0, 50.0))}
    assert tension[0]["columns"] == ["time", "Mittel", "Trockenster"]


def told(series: list[dict[str, Any]]) -> set[tuple[str, tuple[float, ...]]]:
    """Depth and values of each point of time of which something is known."""
    return {(one["tags"]["depth_cm"], tuple(row[1:])) for one in series for row in one["values"] if row[1] is not None}


def test_a_browser_that_asks_for_the_last_days_gets_the_same(server: Influxdb) -> None:
    now = time.time_ns() // 1_000_000
    bucket = filled(server, now)
    view = View(now, relative=True, chosen={"tour": ["24"]})
    assert numbers(bucket, "bins", view) == [1, 1, 1, 2]
    assert len(show(bucket, "trees", "Karte", view)) == len(TREES)


def test_variables_offer_cities_and_the_assets_of_the_chosen_ones(seeded: Influxdb) -> None:
    def offered(name: str, which: str, view: View) -> list[str]:
        variable = next(found for found in variables(name) if found["name"] == which)
        series = ask(seeded, view.expand(variable["query"], variables(name)))
        return [value for one in series for _, value in one["values"]]

    assert offered("bins", "city", ALL) == ["giessen", "offenbach"]
    chosen = replace(ALL, chosen={"city": ["giessen"]})
    assert offered("bin", "bin", chosen) == sorted(asset for asset in BINS if asset.startswith("gi"))
    assert offered("trees", "tree", chosen) == ["gi-frozen", "gi-silent"]


def test_the_token_of_the_boards_cannot_delete(seeded: Influxdb) -> None:
    with pytest.raises(AssertionError, match="error"):
        ask(seeded, 'DELETE FROM "bin_state"')
    assert numbers(seeded, "bins") == [1, 1, 1, 2]
    assert json.dumps(BOARD).count("DELETE") == 0
