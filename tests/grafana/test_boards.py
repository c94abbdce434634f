"""Rules that every board keeps, so that it is honest, readable and loads in every Grafana from 9.4 to 13."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from grafana.__main__ import BOARDS, FOLDER
from grafana.dashboard import SOURCE
from grafana.influxql import field, tag, values_of
from grafana.technical import LANGUAGES, UNKNOWN
from sinks.influxdb.schema import MEASUREMENTS, TAGS

BOARD: dict[str, dict[str, Any]] = {
    f"{language}/{name}": json.loads((FOLDER / language / f"{name}.json").read_text("utf-8"))
    for language in LANGUAGES
    for name in BOARDS
}
PANELS = [
    pytest.param(panel, id=f"{name}-{panel['title']}") for name, board in BOARD.items() for panel in board["panels"]
]
QUERIES = [
    pytest.param(target["query"], id=f"{name}-{panel['title']}-{target['refId']}")
    for name, board in BOARD.items()
    for panel in board["panels"]
    for target in panel["targets"]
] + [
    pytest.param(mark["target"]["query"], id=f"{name}-{mark['name']}")
    for name, board in BOARD.items()
    for mark in board["annotations"]["list"]
]
EACH = pytest.mark.parametrize("board", BOARD.values(), ids=BOARD)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", BOARDS)
def test_the_committed_file_is_what_the_builder_makes(name: str, language: Any) -> None:
    made = BOARDS[name](language).text()
    assert (FOLDER / language / f"{name}.json").read_text("utf-8") == made, "run: python -m grafana"


def test_every_file_in_the_folders_has_its_builder() -> None:
    assert {file.relative_to(FOLDER).with_suffix("").as_posix() for file in FOLDER.rglob("*.*")} == set(BOARD)


@EACH
def test_a_board_is_the_classic_model_that_every_version_migrates(board: dict[str, Any]) -> None:
    assert board["schemaVersion"] == 39
    assert "id" not in board
    assert board["editable"] is False
    assert board["timezone"].startswith("Europe/")
    assert board["description"]
    assert not {"__inputs", "__requires", "elements", "spec"} & board.keys()


def test_uids_are_unique_and_titles_within_a_folder() -> None:
    uids = [board["uid"] for board in BOARD.values()]
    assert len(set(uids)) == len(uids)
    titles = [(name.split("/")[0], board["title"]) for name, board in BOARD.items()]
    assert len(set(titles)) == len(titles)


@EACH
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


@EACH
def test_annotations_ask_the_chosen_data_source_in_the_form_of_the_oldest_grafana(board: dict[str, Any]) -> None:
    for mark in board["annotations"]["list"]:
        assert mark["datasource"] == SOURCE
        assert mark["name"]
        target = mark["target"]
        assert target["fromAnnotations"]
        assert (target["textColumn"], target["tagsColumn"]) == ("text", "tags")
        assert {' AS "text"', ' AS "tags"'} <= set(re.findall(r' AS "\w+"', target["query"]))


@pytest.mark.parametrize("panel", PANELS)
def test_thresholds_begin_with_a_base(panel: dict[str, Any]) -> None:
    config = panel["fieldConfig"]
    changed = [p["value"] for o in config["overrides"] for p in o["properties"] if p["id"] == "thresholds"]
    for thresholds in [config["defaults"]["thresholds"], *changed]:
        steps = thresholds["steps"]
        assert steps[0]["value"] is None
        assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])


@pytest.mark.parametrize("panel", [p for p in PANELS if p.values[0]["type"] == "timeseries"])  # type: ignore[index]
def test_a_line_has_gaps_where_nothing_was_said(panel: dict[str, Any]) -> None:
    custom = panel["fieldConfig"]["defaults"]["custom"]
    if custom["drawStyle"] == "line":
        assert not isinstance(custom["spanNulls"], bool)
        assert 0 < custom["spanNulls"] <= 6 * 3_600_000
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
    assert set(re.findall(r'"(\w+)"', re.sub(r' AS "[^"]+"', "", query))) <= known


@pytest.mark.parametrize("query", QUERIES)
def test_a_variable_is_used_as_an_escaped_pattern_that_is_anchored_or_as_a_number(query: str) -> None:
    for found in re.findall(r"\S+ \S*\$\{(?!__)\w+[^\s)]*", query):
        assert re.fullmatch(r"=~ /\^\$\{\w+:regex\}\$/|<= \$\{tour:regex\}", found), found


@EACH
def test_variables_are_queries_in_string_form_and_begin_with_everything(board: dict[str, Any]) -> None:
    first, *others = board["templating"]["list"]
    assert (first["type"], first["query"]) == ("datasource", "influxdb")
    for variable in others:
        assert isinstance(variable["query"], str)
        if variable["type"] != "query":
            assert variable["current"]["value"] == variable["query"].split(",")[0]
            continue
        assert variable["datasource"] == SOURCE
        everything = (variable["multi"], variable["includeAll"], variable.get("allValue"))
        assert everything in ((False, False, None), (True, True, ".*"))


@EACH
def test_every_variable_that_is_used_is_there(board: dict[str, Any]) -> None:
    there = {variable["name"] for variable in board["templating"]["list"]}
    used = set(re.findall(r"\$\{(?!__)(\w+)(?::\w+)?\}", json.dumps(board)))
    assert used <= there
    assert there <= used | {"source"}


@EACH
def test_a_link_leads_to_a_board_of_the_same_language_and_to_a_variable_of_it(board: dict[str, Any]) -> None:
    language = "en" if board["uid"].endswith("-en") else "de"
    same = {other["uid"]: other for name, other in BOARD.items() if name.startswith(language)}
    for uid, rest in re.findall(r'"/d/([\w-]+)(\?[^"]*)?"', json.dumps(board)):
        assert uid in same
        known = {variable["name"] for variable in same[uid]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", rest)) <= known
        assert not rest or "${__url_time_range}" in rest
    outside = set(re.findall(r"https?://[^\s\"/]+", json.dumps(board)))
    assert outside <= {"http://localhost:8000"}


def layout(panel: dict[str, Any]) -> tuple[Any, ...]:
    queries = [re.sub(r' AS "[^"]+"', "", target["query"]) for target in panel["targets"]]
    return panel["id"], panel["type"], panel["gridPos"], panel["fieldConfig"]["defaults"]["unit"], queries


@pytest.mark.parametrize("name", BOARDS)
def test_both_languages_have_the_same_panels_and_queries(name: str) -> None:
    german, english = (BOARD[f"{language}/{name}"] for language in ("de", "en"))
    assert [layout(panel) for panel in german["panels"]] == [layout(panel) for panel in english["panels"]]
    assert [mark["target"]["query"] for mark in german["annotations"]["list"]] == [
        mark["target"]["query"] for mark in english["annotations"]["list"]
    ]


@pytest.mark.parametrize("name", BOARDS)
def test_nothing_german_stands_on_an_english_board_and_nothing_english_on_a_german(name: str) -> None:
    german, english = (sentences(BOARD[f"{language}/{name}"]) for language in ("de", "en"))
    assert not german & english
    assert not [text for text in english if re.search(r"[äöüßÄÖÜ]|\b(der|die|das|und|ist|nicht|keine)\b", text)]
    assert not [text for text in german if re.search(r"\b(the|of|and|is|not)\b", text)]


def sentences(board: dict[str, Any]) -> set[str]:
    """Titles of one word, as SNR, may be the same."""
    found = {board["description"]}
    for panel in board["panels"]:
        found |= {panel["description"], panel["fieldConfig"]["defaults"]["noValue"]}
    return found


@pytest.mark.parametrize("panel", PANELS)
def test_a_level_in_percent_ends_at_a_hundred_and_a_map_asks_no_foreign_server(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    if "level_pct" in str(panel["targets"]):
        percent = defaults["unit"] == "percent"
        assert not percent or (defaults["min"], defaults["max"]) == (0, 100)
    if panel["type"] == "geomap":
        assert panel["options"]["basemap"]["type"] == "geojson"
        assert panel["options"]["basemap"]["config"]["src"].startswith("public/")


@pytest.mark.parametrize("panel", PANELS)
def test_columns_that_are_renamed_located_or_changed_are_there(panel: dict[str, Any]) -> None:
    if panel["type"] not in {"table", "geomap"}:
        return
    (organize,) = (change for change in panel["transformations"] if change["id"] == "organize")
    columns, titles = organize["options"]["renameByName"], set(organize["options"]["renameByName"].values())
    text = " ".join(target["query"] for target in panel["targets"])
    assert {column for column in columns if column != "Time"} <= set(re.findall(r"\w+", text))
    matchers = [override["matcher"] for override in panel["fieldConfig"]["overrides"]]
    assert {matcher["options"] for matcher in matchers if matcher["id"] == "byName"} <= titles
    if panel["type"] == "table":
        assert {column["displayName"] for column in panel["options"]["sortBy"]} <= titles
    else:
        (layer,) = panel["options"]["layers"]
        assert {layer["location"]["latitude"], layer["location"]["longitude"]} <= titles
        assert layer["config"]["style"]["color"]["field"] in titles


def test_a_name_that_is_not_in_the_schema_cannot_be_built() -> None:
    with pytest.raises(KeyError):
        field("bin_level", "levl_pct")
    with pytest.raises(KeyError):
        tag("city")
    with pytest.raises(KeyError):
        values_of("bins", "tenant")


TILES = [p for p in PANELS if p.values[0]["type"] == "stat"]  # type: ignore[index]


@pytest.mark.parametrize("panel", TILES)
def test_a_tile_that_knows_nothing_is_grey_and_not_as_calm_as_a_zero(panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"] == UNKNOWN
