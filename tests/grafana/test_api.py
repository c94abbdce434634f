"""The adapter against a Grafana that has none of the dead routes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grafana.api import PAGE, Access, Grafana, Refused, Unavailable, connect
from tests.grafana.stand_in import TOKEN, StandIn, serving
from tests.servers.process import free_port


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serving() as running:
        yield running


@pytest.fixture
def grafana(stand_in: StandIn) -> Grafana:
    return connect(Access(stand_in.url, TOKEN))


def test_boards_are_found_by_tag_and_read_by_uid(stand_in: StandIn, grafana: Grafana) -> None:
    stand_in.boards["smartcity-bins"] = {"title": "Behälter"}
    assert [grafana.board(uid)["title"] for uid in grafana.boards("smartcity")] == ["Behälter"]
    assert stand_in.asked == ["GET /api/search", "GET /api/dashboards/uid/smartcity-bins"]


def test_a_failed_query_is_a_result(stand_in: StandIn, grafana: Grafana) -> None:
    stand_in.results = {"A": {"error": "bad query", "status": 400}}
    assert grafana.ds_query([{"refId": "A"}], 1, 2)["A"]["error"] == "bad query"
    assert stand_in.queried == [{"queries": [{"refId": "A"}], "from": "1", "to": "2"}]


def test_a_datasource_that_is_not_well_is_an_answer(grafana: Grafana) -> None:
    assert grafana.datasource_health("smartcity")["status"] == "ERROR"


def test_an_annotation_of_the_organisation_is_found_by_its_tags_and_time(grafana: Grafana) -> None:
    grafana.add_annotation(5, "emptied", ["smartcity-sync", "offenbach"])
    assert [note["text"] for note in grafana.annotations(["offenbach"], 5, 5)] == ["emptied"]
    assert grafana.annotations(["giessen"], 5, 5) == []
    assert grafana.annotations(["offenbach"], 6, 9) == []


def test_more_annotations_than_one_answer_holds_are_all_found(stand_in: StandIn, grafana: Grafana) -> None:
    stand_in.annotations = [{"id": n, "time": 1 + n // 3, "tags": ["a"]} for n in range(2 * PAGE + 1)]
    assert {note["id"] for note in grafana.annotations(["a"], 1, PAGE)} == set(range(2 * PAGE + 1))


def test_an_annotation_that_was_removed_is_gone_though_the_answer_is_empty(stand_in: StandIn, grafana: Grafana) -> None:
    grafana.add_annotation(5, "emptied", ["offenbach"])
    grafana.remove_annotation(stand_in.annotations[0]["id"])
    assert stand_in.annotations == []


def test_a_folder_that_is_not_there_is_none(grafana: Grafana) -> None:
    assert grafana.folder("smartcity-city-offenbach") is None
    grafana.add_folder("smartcity-city-offenbach", "Offenbach")
    assert grafana.folder("smartcity-city-offenbach") == {"uid": "smartcity-city-offenbach", "title": "Offenbach"}


def test_a_team_is_found_by_its_whole_name(grafana: Grafana) -> None:
    grafana.add_team("smartcity-offenbach")
    assert grafana.team("smartcity-offenbach") == 1
    assert grafana.team("smartcity") is None


def test_a_board_is_saved_once_more_over_itself(stand_in: StandIn, grafana: Grafana) -> None:
    grafana.add_folder("town", "Town")
    for title in ("first", "second"):
        grafana.save_board({"uid": "board", "title": title}, "town", "why")
    assert stand_in.boards["board"]["title"] == "second"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/folders/id/1"),
        ("GET", "/api/dashboards/id/1/permissions"),
        ("GET", "/api/dashboards/db/bins"),
        ("GET", "/api/datasources/1"),
        ("POST", "/api/datasources/proxy/1/query"),
        ("GET", "/api/alerts"),
        ("GET", "/api/alert-notifications"),
        ("POST", "/api/annotations/graphite"),
    ],
)
def test_the_stand_in_answers_404_on_every_dead_route(stand_in: StandIn, method: str, path: str) -> None:
    assert stand_in.answer(method, path, {}, {})[0] == 404


def test_what_is_not_there_is_refused_with_its_status(grafana: Grafana) -> None:
    with pytest.raises(Refused, match="404 Not found") as refused:
        grafana.board("none")
    assert refused.value.status == 404


def test_a_wrong_token_is_refused_and_not_told(stand_in: StandIn) -> None:
    with pytest.raises(Refused, match="401: token or user is wrong") as refused:
        connect(Access(stand_in.url, "hush")).health()
    assert "hush" not in str(refused.value)


def test_a_grafana_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"check grafana\.url"):
        connect(Access(f"http://127.0.0.1:{free_port()}", TOKEN)).health()


@pytest.mark.parametrize("url", ["http://grafana:3000", "http://stadt.example/grafana", "http://127.0.0.1.example"])
def test_a_token_goes_over_no_connection_that_others_can_read(url: str) -> None:
    with pytest.raises(Refused, match=r"grafana\.url must be https://…: the token goes over this connection"):
        connect(Access(url, TOKEN))


@pytest.mark.parametrize("url", ["https://stadt.example/grafana", "http://localhost:3000", "http://[::1]:3000"])
def test_what_is_encrypted_or_stays_on_this_machine_is_no_fault(url: str) -> None:
    connect(Access(url, TOKEN))


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://a", "http://user:hush@a", "http://a:port", "http://"])
def test_an_address_that_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(Refused, match=r"grafana\.url") as refused:
        connect(Access(url, TOKEN))
    assert "hush" not in str(refused.value)
