"""What each city has in Grafana, made in one that has none of the dead routes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grafana.__main__ import BOARDS
from grafana.api import Access, Grafana, connect
from grafana.marks import OURS, City, Mark, cities, installed, observed
from grafana.sync import attempt, city_board, granted, steps, uid
from grafana.technical import LANGUAGES
from grafana.verify import Window
from sinks.model import Asset, Device, Field, Installation, Organisation, Point, Series
from sinks.ports import Row
from sinks.storage import Storage
from tests.grafana.stand_in import CREATOR, TOKEN, StandIn, serving

API = "https://offen.example"
WINDOW = Window(1_000, 9_000)
EMPTIED = Mark(5_000, "Geleert", ("emptied", "of-bin-1", "offenbach", OURS))
FOLDER = "smartcity-city-offenbach"
BIN = Asset("of-bin-1", "offenbach", "bin", "Marktplatz", 50.1, 8.7)
TREE = Asset("of-tree-1", "offenbach", "tree", "Linde", 50.1, 8.7)
ASSETS = {BIN.id: BIN, TREE.id: TREE}
DAY = 1_780_000_000_000
OLD, NEW = "24e124713b490001", "24e124713b490002"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serving() as running:
        yield running


@pytest.fixture
def grafana(stand_in: StandIn) -> Grafana:
    return connect(Access(stand_in.url, TOKEN))


def offenbach(*marks: Mark, name: str = "Offenbach am Main") -> City:
    return City("offenbach", name, frozenset(marks))


def synced(grafana: Grafana, city: City) -> list[tuple[str, str]]:
    """What was done."""
    done: list[tuple[str, str]] = []
    for step in steps(grafana, city, WINDOW, API):
        assert attempt(step) == ""
        done.append((step.what, step.action))
    return done


def note(mark: Mark, number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "time": mark.time_ms, "text": mark.text, "tags": list(mark.tags)} | more


def test_a_city_gets_a_team_a_folder_its_boards_and_its_marks(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach(EMPTIED))
    assert list(stand_in.teams) == ["smartcity-offenbach"]
    assert stand_in.folders[FOLDER]["title"] == "Offenbach am Main"
    assert set(stand_in.places.values()) == {FOLDER}
    assert {board["title"] for board in stand_in.boards.values()} == {"Behälter", "Ein Behälter", "Bäume"}
    assert [(one["time"], one["text"]) for one in stand_in.annotations] == [(5_000, "Geleert")]


def test_a_second_run_writes_nothing(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach(EMPTIED))
    stand_in.asked.clear()
    assert synced(grafana, offenbach(EMPTIED)) == []
    assert stand_in.written == []


def test_looking_writes_nothing(stand_in: StandIn, grafana: Grafana) -> None:
    assert len(list(steps(grafana, offenbach(EMPTIED), WINDOW, API))) == 7
    assert stand_in.written == []


def test_only_the_team_and_who_made_it_see_a_folder(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach())
    assert stand_in.folders[FOLDER]["permissions"] == [CREATOR, {"teamId": 1, "permission": 1}]


def test_a_folder_that_was_opened_to_everybody_is_closed_again(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach())
    stand_in.folders[FOLDER]["permissions"].append({"role": "Viewer", "permission": 1})
    assert synced(grafana, offenbach()) == [("permissions", "change")]


def test_who_was_named_in_a_folder_stays_and_a_team_that_may_more_too() -> None:
    named = [{"userId": 3, "permission": 2}, {"teamId": 8, "permission": 1}, {"teamId": 5, "permission": 4}]
    assert granted([*named, {"role": "Editor", "permission": 2}], 5) == named


def test_a_team_that_was_removed_is_made_again_and_may_see(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach())
    stand_in.teams.clear()
    stand_in.folders[FOLDER]["permissions"] = [CREATOR]
    assert synced(grafana, offenbach()) == [("team", "add"), ("permissions", "change")]


def test_another_name_of_the_city_is_the_folders_title(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach())
    assert synced(grafana, offenbach(name="Offenbach")) == [("folder", "change")]
    assert stand_in.folders[FOLDER]["title"] == "Offenbach"


def test_a_board_that_was_moved_or_is_of_another_version_is_saved_again(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach())
    stand_in.places["smartcity-bins-city-offenbach"] = "elsewhere"
    stand_in.boards["smartcity-trees-city-offenbach"]["templating"]["list"].pop()
    assert synced(grafana, offenbach()) == [("board", "change"), ("board", "change")]
    assert synced(grafana, offenbach()) == []


@pytest.mark.parametrize("name", ["smartcity-bins", "smartcity-bin", "smartcity-trees"])
def test_a_board_of_a_city_has_that_city_and_leads_to_no_board_of_all(name: str) -> None:
    board = city_board(name, "offenbach", API)
    (city,) = (one for one in board["templating"]["list"] if one["name"] == "city")
    assert (city["type"], city["query"], city["hide"]) == ("constant", "offenbach", 2)
    text = json.dumps(board)
    assert all(f'/d/{one}"' not in text and f"/d/{one}?" not in text for one in ("smartcity-bins", "smartcity-bin"))
    assert "/d/smartcity-fleet" not in text


def test_a_board_of_a_city_shows_when_sensors_came_there() -> None:
    layers = [
        one["target"]["tags"] for one in city_board("smartcity-bins", "offenbach", API)["annotations"]["list"][1:]
    ]
    assert layers == [[OURS, "offenbach", "installed"], [OURS, "offenbach", "swapped"]]


@given(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True))
def test_every_city_has_a_uid_that_grafana_takes_and_no_provisioned_board_has(city: str) -> None:
    provisioned = {board(language).uid for board in BOARDS.values() for language in LANGUAGES}
    ours = {uid(before, city) for before in ("smartcity", "smartcity-bins", "smartcity-bin", "smartcity-trees")}
    assert len(ours) == 4
    assert all(len(one) <= 40 and one.replace("-", "").replace("_", "").isalnum() for one in ours)
    assert not ours & provisioned


def test_what_did_not_happen_after_all_is_removed_and_what_people_wrote_stays(
    stand_in: StandIn, grafana: Grafana
) -> None:
    synced(grafana, offenbach(EMPTIED))
    stand_in.annotations += [
        note(Mark(6_000, "von Hand", ("emptied", "of-bin-1", "offenbach", "smartcity")), 91),
        note(EMPTIED, 92, dashboardUID="somebodys"),
    ]
    assert synced(grafana, offenbach()) == [("annotation", "remove")]
    assert [one["id"] for one in stand_in.annotations] == [91, 92]


def test_a_mark_that_is_there_twice_is_once(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach(EMPTIED))
    stand_in.annotations.append(note(EMPTIED, 91))
    assert synced(grafana, offenbach(EMPTIED)) == [("annotation", "remove")]
    assert synced(grafana, offenbach(EMPTIED)) == []


def test_a_mark_that_says_something_else_now_is_replaced(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach(EMPTIED))
    other = Mark(EMPTIED.time_ms, "Geleert, 80 → 3 %", EMPTIED.tags)
    assert synced(grafana, offenbach(other)) == [("annotation", "add"), ("annotation", "remove")]
    assert [one["text"] for one in stand_in.annotations] == ["Geleert, 80 → 3 %"]


def test_marks_of_other_times_and_cities_stay(stand_in: StandIn, grafana: Grafana) -> None:
    synced(grafana, offenbach())
    old = Mark(999, "Geleert", EMPTIED.tags)
    other = Mark(5_000, "Geleert", ("emptied", "gi-bin-1", "giessen", OURS))
    stand_in.annotations = [note(old, 91), note(other, 92)]
    assert synced(grafana, offenbach()) == []


def test_a_folder_of_that_name_that_somebody_made_is_left_alone(stand_in: StandIn, grafana: Grafana) -> None:
    stand_in.folders["theirs"] = {"title": "Offenbach am Main", "permissions": []}
    said = [attempt(step) for step in steps(grafana, offenbach(), WINDOW, API) if step.what == "folder"]
    assert len(said) == 1
    assert "409" in said[0]
    assert stand_in.folders["theirs"] == {"title": "Offenbach am Main", "permissions": []}


def event(code: str, **fields: Field) -> Row:
    return Row("asset_event", 5_000, {"tenant": "offenbach", "asset_id": BIN.id}, {"code": code} | fields)


def test_an_emptying_says_in_two_languages_where_and_how_full() -> None:
    mark = observed(event("emptied", before=80.4, after=3.0), ASSETS)
    assert mark.text == "Geleert / Emptied: Marktplatz (of-bin-1), 80 → 3 %"
    assert set(mark.tags) == {OURS, "emptied", "offenbach", "of-bin-1"}


def test_an_asset_that_is_gone_from_the_registry_is_told_by_its_id() -> None:
    assert observed(event("emptied"), {}).text == "Geleert / Emptied: of-bin-1"


def test_a_device_in_the_place_of_another_is_swapped_every_other_is_installed() -> None:
    known = [
        Installation(OLD, BIN.id, 2_000, 4_000),
        Installation(NEW, BIN.id, 4_000),
        Installation(OLD, TREE.id, 4_000),
    ]
    assert [(mark.time_ms, mark.text) for _, mark in installed(known, ASSETS)] == [
        (2_000, f"Sensor angebracht / Sensor installed: Marktplatz (of-bin-1), {OLD}"),
        (4_000, f"Sensor getauscht / Sensor swapped: Marktplatz (of-bin-1), {NEW}"),
        (4_000, f"Sensor angebracht / Sensor installed: Linde (of-tree-1), {OLD}"),
    ]


def test_marks_come_from_the_store_and_the_registry_within_the_window(tmp_path: Path) -> None:
    kept = Storage(data=tmp_path)
    with closing(kept.open_registry()) as registry:
        registry.add_organisation(Organisation("giessen", "Gießen"))
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        registry.add_asset(BIN)
        registry.add_device(Device(OLD, "offenbach", "milesight_em400_mud"), {"milesight_em400_mud"})
        registry.install(OLD, BIN.id, DAY + 2_000)
    with closing(kept.open_store()) as store:
        series = Series("asset_event", "offenbach", BIN.id, OLD)
        codes = {500: "emptied", 3_000: "emptied", 4_000: "partly_emptied", 5_000: "watered", 6_000: "removed"}
        written = store.write([Point(series, DAY + at_ms, {"code": code}) for at_ms, code in codes.items()])
        assert not written.rejected
    giessen, town = cities(kept, DAY + 1_000, DAY + 9_000)
    assert giessen == City("giessen", "Gießen", frozenset())
    assert [mark.time_ms - DAY for mark in sorted(town.marks)] == [2_000, 3_000, 5_000]
