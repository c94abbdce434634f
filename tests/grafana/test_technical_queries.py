"""Queries of the boards of device, fleet and pipeline, as Grafana expands them: a real InfluxDB, seeded and empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from grafana import device, fleet, pipeline
from sinks.influxdb.connection import call
from sinks.influxdb.write import InfluxStore
from tests.grafana.expand import View
from tests.grafana.seed import NOW, fleet_and_pipeline
from tests.grafana.tables import Row, in_browser, merged, on_server
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb

pytestmark = pytest.mark.server("influxdb")

MAKERS: Final = {"device": device.board, "fleet": fleet.board, "pipeline": pipeline.board}
NAMES: Final = tuple(MAKERS)
BOARD: Final = {name: make("de").to_json() for name, make in MAKERS.items()}
EVERY: Final = [
    pytest.param(name, panel["title"], n, id=f"{name}-{panel['title']}-{target['refId']}")
    for name in NAMES
    for panel in BOARD[name]["panels"]
    for n, target in enumerate(panel["targets"])
]
TABLES: Final = [
    pytest.param(name, panel["title"], id=f"{name}-{panel['title']}")
    for name in NAMES
    for panel in BOARD[name]["panels"]
    if panel["type"] == "table"
]
Reading = Callable[[list[dict[str, Any]], dict[str, Any]], Iterator[Row]]
ANOTHER_KIND: Final = {"Gelesen?-B", "Reserve und Marge-B", "Gehört von Gateways-B",
                       "Batterie-B", "Batteriespannung-A", "Batteriespannung-B", "Batteriespannung-C"}  # fmt: skip
"""Queries that find nothing of this device: it is no probe of soil and tells no voltage."""


@pytest.fixture(scope="module")
def server() -> Iterator[Influxdb]:
    with influxdb.running() as running:
        yield running


@pytest.fixture(scope="module")
def seeded(server: Influxdb) -> Influxdb:
    bucket = server.fresh_bucket()
    with closing(InfluxStore(bucket.writer)) as store:
        assert store.write(list(fleet_and_pipeline(NOW))).rejected == ()
    return bucket


def ask(bucket: Influxdb, name: str, title: str, target: int = 0, device: str = "a1") -> list[dict[str, Any]]:
    """The series that a panel gets."""
    panel = next(panel for panel in BOARD[name]["panels"] if panel["title"] == title)
    variables = [variable for variable in BOARD[name]["templating"]["list"] if variable["type"] == "query"]
    view = View(NOW, "now-2d" if name != "pipeline" else "now-3h", interval="1h", chosen={"device": [device]})
    return send(bucket, view.expand(panel["targets"][target]["query"], variables))


def send(bucket: Influxdb, text: str) -> list[dict[str, Any]]:
    with bucket.reader.open() as client, bucket.reader.errors():
        (result,) = call(client, "POST", "/query", [("db", bucket.bucket), ("epoch", "ms"), ("q", text)])["results"]
    assert "error" not in result, (result, text)
    found: list[dict[str, Any]] = result.get("series", [])
    return found


def last(series: list[dict[str, Any]]) -> dict[tuple[str, ...], Any]:
    """The last value of each series by its tags."""
    return {tuple(one.get("tags", {}).values()): one["values"][-1][1] for one in series}


def targets(name: str, title: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(panel["targets"] for panel in BOARD[name]["panels"] if panel["title"] == title)
    return found


def shown(bucket: Influxdb, name: str, title: str, read: Reading = in_browser, device: str = "a1") -> list[Row]:
    """The rows of a table."""
    asked = enumerate(targets(name, title))
    return merged([read(ask(bucket, name, title, n, device), target) for n, target in asked])


@pytest.mark.parametrize(("name", "title", "target"), EVERY)
def test_every_query_answers_and_is_silent_on_an_empty_bucket(
    seeded: Influxdb, server: Influxdb, name: str, title: str, target: int
) -> None:
    found = ask(seeded, name, title, target)
    perhaps = target > 0 and (name, title) in (table.values for table in TABLES)
    other = name == "device" and f"{title}-{'ABC'[target]}" in ANOTHER_KIND if target < 3 else False
    few = name == "fleet" and f"{title}-{target}" in {
        "Ausfälle im Verlauf-1",
        "Batterie-1",
    }  # nobody is late; a tenth of 1
    assert perhaps or few or bool(found) is not other
    assert ask(server.fresh_bucket(), name, title, target) == []


@pytest.mark.parametrize(("name", "title"), TABLES)
def test_a_table_is_the_same_from_the_browser_and_from_the_server(seeded: Influxdb, name: str, title: str) -> None:
    rows = shown(seeded, name, title, in_browser)
    assert rows
    assert shown(seeded, name, title, on_server) == rows


@pytest.mark.parametrize(("name", "title"), TABLES)
def test_every_column_that_a_table_names_is_asked_for(seeded: Influxdb, name: str, title: str) -> None:
    come = {"Time"}
    for n, target in enumerate(targets(name, title)):
        come |= {part[0]["params"][0] for part in target["select"]}
        come |= {tag for one in ask(seeded, name, title, n) for tag in one.get("tags", {})}
    (panel,) = (panel for panel in BOARD[name]["panels"] if panel["title"] == title)
    assert set(panel["transformations"][1]["options"]["include"]["names"]) <= come


def test_the_books_on_the_board_add_up(seeded: Influxdb) -> None:
    titles = [panel["title"] for panel in BOARD["pipeline"]["panels"][:7]]
    whole, *parts, missing = (last(ask(seeded, "pipeline", title))[("influxdb",)] for title in titles)
    assert whole == sum(parts) == 10_000
    assert missing == 0


def test_a_counter_that_begins_anew_is_no_fall(seeded: Influxdb) -> None:
    (series,) = ask(seeded, "pipeline", "Nachrichten je Minute")
    values = [value for _, value in series["values"] if value is not None]
    assert values
    assert min(values) >= 0


def test_the_newest_ten_dead_letters_of_each_reason_come_and_the_newest_ten_are_shown(seeded: Influxdb) -> None:
    found = shown(seeded, "pipeline", "Die zehn neuesten")
    assert [row["letter"] for row in found if row["device_id"] == "a1"] == list(range(10))
    assert {row["letter"] for row in found if row["device_id"] == "f00"} == {99}
    (panel,) = (panel for panel in BOARD["pipeline"]["panels"] if panel["title"] == "Die zehn neuesten")
    assert panel["transformations"][-2:] == [
        {"id": "sortBy", "options": {"sort": [{"field": "Zeit", "desc": True}]}},
        {"id": "limit", "options": {"limitField": 10}},
    ]
    assert {row["name"] for row in found if row["device_id"] == "a1"} == {"decode/wrong_port"}


def test_what_could_not_be_decoded_is_counted_by_model(seeded: Influxdb) -> None:
    assert last(ask(seeded, "pipeline", "Nicht dekodierbar nach Modell")) == {("em400",): 3}


def test_a_device_counts_once_and_one_that_left_the_registry_does_not(seeded: Influxdb) -> None:
    found = [last(ask(seeded, "fleet", title)) for title in ("Melden sich", "Verspätet", "Stumm")]
    assert found == [{(): 1}, {(): 0}, {(): 1}]
    assert {row["device_id"] for row in shown(seeded, "fleet", "Geräte nach Schweigen")} == {"a1", "b2"}


def test_an_hour_tells_how_many_devices_were_in_each_state(seeded: Influxdb) -> None:
    online, late, silent = (counts(ask(seeded, "fleet", "Ausfälle im Verlauf", target)) for target in range(3))
    assert (online[-1], late, silent[-1]) == (1, [], 1)
    assert sum(silent) == 5 + 1  # the one that left the registry was silent once


def counts(series: list[dict[str, Any]]) -> list[int]:
    return [value for one in series for _, value in one["values"] if value is not None]


def test_unknown_devices_are_listed_once_each(seeded: Influxdb) -> None:
    assert [row["device_id"] for row in shown(seeded, "fleet", "Unbekannte Geräte")] == ["f00"]


def test_uplinks_of_a_device_have_its_margin_and_headroom(seeded: Influxdb) -> None:
    found = sorted(shown(seeded, "device", "Letzte 20 Meldungen"), key=lambda row: -row["Time"])
    assert len(found) == 21  # 20 of one kind and one of another: the board shows the newest 20
    assert (found[0]["f_cnt"], found[0]["margin"], found[0]["headroom"]) == (100, 11.0, 16.0)
    (series,) = ask(seeded, "device", "Reserve und Marge")
    assert series["columns"] == ["time", "headroom", "margin"]
    assert [16.0, 11.0] in [row[1:] for row in series["values"]]


def test_the_installer_sees_only_the_chosen_device(seeded: Influxdb) -> None:
    assert [row for row in shown(seeded, "device", "Letzte 20 Meldungen", device="b2") if "f_cnt" in row] == []
    assert last(ask(seeded, "device", "Funktioniert?", device="b2")) == {(): 2}
    assert ask(seeded, "device", "Ereignisse", device="b2") == []


def test_the_device_can_be_chosen(seeded: Influxdb) -> None:
    (variable,) = (variable for variable in BOARD["device"]["templating"]["list"] if variable["name"] == "device")
    assert {value for one in send(seeded, variable["query"]) for _, value in one["values"]} == {"a1", "b2", "gone"}


def test_only_the_pipeline_is_asked_twice_a_minute() -> None:
    assert {name: BOARD[name]["refresh"] for name in NAMES} == {"device": "1m", "fleet": "5m", "pipeline": "30s"}


def test_both_languages_ask_the_same() -> None:
    for name, make in MAKERS.items():
        english = [[target["query"] for target in panel["targets"]] for panel in make("en").to_json()["panels"]]
        assert english == [[target["query"] for target in panel["targets"]] for panel in BOARD[name]["panels"]]
