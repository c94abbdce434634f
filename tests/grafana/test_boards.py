"""Rules that every board keeps, so that it is honest, readable and loads in every Grafana from 9.4 to 13."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from grafana.__main__ import BOARDS, FOLDER
from grafana.dashboard import SOURCE
from grafana.influxql import field, tag, values_of
from sinks.influxdb.schema import MEASUREMENTS, TAGS

BOARD = {name: json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in BOARDS}
PANELS = [
    pytest.param(panel, id=f"{name}-{panel['title']}") for name, board in BOARD.items() for panel in board["panels"]
]
QUERIES = [
    pytest.param(target["query"], id=f"{name}-{panel['title']}-{target['refId']}")
    for name, board in BOARD.items()
    for panel in board["panels"]
    for target in panel["targets"]
]


@pytest.mark.parametrize("name", BOARDS)
def test_the_committed_file_is_what_the_builder_makes(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text("utf-8") == BOARDS[name]().text(), "run: python -m grafana"


def test_every_file_in_the_folder_has_its_builder() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(BOARDS)


@pytest.mark.parametrize("board", BOARD.values(), ids=BOARD)
def test_a_board_is_the_classic_model_that_every_version_migrates(board: dict[str, Any]) -> None:
    assert board["schemaVersion"] == 39
    assert "id" not in board
    assert board["editable"] is False
    assert board["timezone"].startswith("Europe/")
    assert board["description"]
    assert not {"__inputs", "__requires", "elements", "spec"} & board.keys()


def test_uids_and_titles_are_unique() -> None:
    for key in ("uid", "title"):
        found = [board[key] for board in BOARD.values()]
        assert len(set(found)) == len(found)


@pytest.mark.parametrize("board", BOARD.values(), ids=BOARD)
def test_panel_ids_are_unique_and_panels_do_not_overlap(board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_and_what_to_do_when_it_shows_nothing(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert len(panel["description"]) > 20
    assert defaults["unit"]
    assert defaults["noValue"].strip("0 ")
    assert panel["targets"]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_asks_the_chosen_data_source_and_no_other(panel: dict[str, Any]) -> None:
    assert panel["datasource"] == SOURCE
    assert {json.dumps(target["datasource"]) for target in panel["targets"]} == {json.dumps(SOURCE)}
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references)


@pytest.mark.parametrize("panel", PANELS)
def test_thresholds_begin_with_a_base(panel: dict[str, Any]) -> None:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps[0]["value"] is None
    assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])


@pytest.mark.parametrize("panel", [p for p in PANELS if p.values[0]["type"] == "timeseries"])  # type: ignore[index]
def test_a_line_has_gaps_where_nothing_was_said(panel: dict[str, Any]) -> None:
    span = panel["fieldConfig"]["defaults"]["custom"]["spanNulls"]
    assert not isinstance(span, bool)
    assert 0 < span <= 6 * 3_600_000
    assert panel["interval"]
    assert all("fill(null)" in target["query"] for target in panel["targets"])


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_bound_to_the_boards_time_and_names_no_bucket(query: str) -> None:
    sources = re.findall(r'FROM "[^"]+" WHERE (\S+)', query)
    assert sources
    assert set(sources) == {"$timeFilter"}
    assert len(sources) == len(re.findall(r'FROM "', query))
    assert '"."' not in query
    assert "fill(0)" not in query
    assert "fill(previous)" not in query


@pytest.mark.parametrize("query", QUERIES)
def test_every_name_in_a_query_is_in_the_schema(query: str) -> None:
    measured = set(re.findall(r'FROM "(\w+)"', query))
    known = set(TAGS) | measured | {name for measurement in measured for name in MEASUREMENTS[measurement]}
    assert set(re.findall(r'"(\w+)"', query)) <= known


@pytest.mark.parametrize("query", QUERIES)
def test_a_variable_is_used_as_an_anchored_escaped_pattern(query: str) -> None:
    for found in re.findall(r"\S+ \S*\$\{(?!__)\w+\S*", query):
        assert re.fullmatch(r"=~ /\^\$\{\w+:regex\}\$/", found), found


@pytest.mark.parametrize("board", BOARD.values(), ids=BOARD)
def test_variables_are_queries_in_string_form_and_begin_with_everything(board: dict[str, Any]) -> None:
    first, *others = board["templating"]["list"]
    assert (first["type"], first["query"]) == ("datasource", "influxdb")
    for variable in others:
        assert isinstance(variable["query"], str)
        assert variable["datasource"] == SOURCE
        everything = (variable["multi"], variable["includeAll"], variable.get("allValue"))
        assert everything == ((False, False, None) if variable["name"] == "device" else (True, True, ".*"))


def test_a_name_that_is_not_in_the_schema_cannot_be_built() -> None:
    with pytest.raises(KeyError):
        field("bin_level", "levl_pct")
    with pytest.raises(KeyError):
        tag("city")
    with pytest.raises(KeyError):
        values_of("bins", "tenant")
