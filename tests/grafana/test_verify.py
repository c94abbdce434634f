"""What is asked of a running Grafana to know that its boards and rules work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from grafana.api import Access, connect
from grafana.verify import Window, judged, verify
from tests.grafana.stand_in import TOKEN, StandIn, serving

WINDOW = Window(1_000, 3_601_000)
ROWS = {"A": {"frames": [{"data": {"values": [[1, 2], [3.0, 4.0]]}}]}}


def board(kind: str = "stat") -> dict[str, Any]:
    query = "SELECT x WHERE $timeFilter AND c =~ /^${city:regex}$/ AND time >= ${__to}ms - ${tour}h"
    return {
        "uid": "smartcity-bins",
        "templating": {
            "list": [
                {"name": "source", "type": "datasource", "current": {"value": "smartcity"}},
                {"name": "city", "type": "query", "allValue": ".*", "current": {"value": ["$__all"]}},
                {"name": "tour", "type": "custom", "current": {"value": "24"}},
            ]
        },
        "panels": [
            {
                "type": kind,
                "title": "Due",
                "targets": [{"refId": "A", "query": query, "datasource": {"uid": "${source}"}}],
            }
        ],
    }


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serving() as running:
        running.boards["smartcity-bins"] = board()
        running.results = ROWS
        yield running


def found(stand_in: StandIn) -> dict[str, tuple[str, str]]:
    return {f.what: (f.verdict, f.text) for f in verify(connect(Access(stand_in.url, TOKEN)), WINDOW)}


def test_a_panel_is_asked_with_its_variables_at_all(stand_in: StandIn) -> None:
    assert found(stand_in)["Due"] == ("ok", "2 rows")
    query = stand_in.queried[0]["queries"][0]
    assert query["query"] == "SELECT x WHERE $timeFilter AND c =~ /^.*$/ AND time >= 3601000ms - 24h"
    assert query["datasource"] == {"uid": "smartcity"}


def test_a_panel_whose_query_fails_is_an_error(stand_in: StandIn) -> None:
    stand_in.results = {"A": {"error": "bad query"}}
    assert found(stand_in)["Due"] == ("error", "A: bad query")


def test_a_kind_of_panel_that_grafana_has_not_is_an_error(stand_in: StandIn) -> None:
    stand_in.boards["smartcity-bins"] = board("geomap")
    assert "there is no plug-in geomap" in found(stand_in)["Due"][1]


def test_a_datasource_that_is_not_well_says_what_to_mend(stand_in: StandIn) -> None:
    verdict, text = found(stand_in)["datasource smartcity"]
    assert verdict == "error"
    assert "SMARTCITY_INFLUXDB_URL" in text


def test_a_rule_is_asked_in_its_own_time(stand_in: StandIn) -> None:
    query = {"datasourceUid": "smartcity", "refId": "A", "relativeTimeRange": {"from": 600, "to": 0}, "model": {}}
    expression = {"datasourceUid": "__expr__", "refId": "C", "model": {}}
    stand_in.rules = [{"uid": "smartcity-bin-due", "title": "Bin due", "data": [query, expression]}]
    assert found(stand_in)["Bin due"] == ("ok", "2 rows")
    assert (stand_in.queried[-1]["from"], stand_in.queried[-1]["to"]) == ("3001000", "3601000")
    assert [asked["refId"] for asked in stand_in.queried[-1]["queries"]] == ["A"]


def test_a_grafana_without_rules_or_boards_is_an_error(stand_in: StandIn) -> None:
    stand_in.boards = {}
    assert found(stand_in)["boards"][0] == "error"
    assert found(stand_in)["alert rules"][0] == "error"


def test_no_row_is_no_data() -> None:
    assert judged("board", "panel", {"A": {"frames": [{"data": {"values": []}}]}}).verdict == "no data"


def test_no_result_is_an_error() -> None:
    assert judged("board", "panel", {}).verdict == "error"
