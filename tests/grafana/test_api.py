"""The adapter against a Grafana that has none of the dead routes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grafana.api import Access, Grafana, Refused, Unavailable, connect
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


def test_an_annotation_is_found_by_its_tags(grafana: Grafana) -> None:
    grafana.add_annotation("smartcity-bins", 1, "emptied", ["smartcity", "event-1"])
    assert [note["text"] for note in grafana.find_annotations(["event-1"])] == ["emptied"]
    assert grafana.find_annotations(["event-2"]) == []


def test_an_empty_answer_is_no_error(stand_in: StandIn, grafana: Grafana) -> None:
    grafana.reload_provisioning("dashboards")
    assert stand_in.asked == ["POST /api/admin/provisioning/dashboards/reload"]


def test_what_is_not_there_is_refused_with_its_status(grafana: Grafana) -> None:
    with pytest.raises(Refused, match="404 Not found") as refused:
        grafana.board("none")
    assert refused.value.status == 404


def test_a_wrong_token_is_refused_and_not_told(stand_in: StandIn) -> None:
    with pytest.raises(Refused, match="may not do this") as refused:
        connect(Access(stand_in.url, "hush")).health()
    assert "hush" not in str(refused.value)


def test_a_grafana_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"check grafana\.url"):
        connect(Access(f"http://127.0.0.1:{free_port()}", TOKEN)).health()


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://a", "http://user:hush@a", "http://a:port", "http://"])
def test_an_address_that_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(Refused, match=r"grafana\.url") as refused:
        connect(Access(url, TOKEN))
    assert "hush" not in str(refused.value)
