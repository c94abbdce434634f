"""Alert rules and who is told of them, held against what Grafana 9.4 to 13 take, and against the boards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from grafana.__main__ import ALERTING, BOARDS
from grafana.alerts.files import texts
from grafana.alerts.rule import SOURCE_UID, seconds
from grafana.alerts.text import as_yaml
from sinks.influxdb.schema import INSIGHTS
from tests.grafana.provisioned import raw, read

RULES: list[dict[str, Any]] = [rule for group in raw("alerting/rules.yaml")["groups"] for rule in group["rules"]]
RULE = pytest.mark.parametrize("rule", RULES, ids=[rule["uid"] for rule in RULES])
POINTS = raw("alerting/contact-points.yaml")["contactPoints"]
(TREE,) = raw("alerting/policies.yaml")["policies"]
TIMINGS = {timing["name"]: timing["time_intervals"] for timing in raw("alerting/mute-timings.yaml")["muteTimes"]}
(TEMPLATE,) = raw("alerting/templates.yaml")["templates"]
BY_DAY, AT_NIGHT, ON_SUNDAY = datetime(2026, 6, 3, 11), datetime(2026, 6, 3, 23), datetime(2026, 6, 7, 11)  # noqa: DTZ001
OPERATOR = "smartcity-operations"


@pytest.mark.parametrize("name", texts())
def test_the_committed_file_is_what_the_code_makes(name: str) -> None:
    assert (ALERTING / f"{name}.yaml").read_text("utf-8") == texts()[name], "run: python -m grafana"


def test_every_file_in_the_folder_is_made() -> None:
    assert {file.name for file in ALERTING.iterdir()} == {f"{name}.yaml" for name in texts()}


def test_what_is_written_is_what_is_read() -> None:
    import yaml  # noqa: PLC0415 only here is it read without a file

    document = {
        "text": 'it\'s "so": yes #1',
        "odd key!": [],
        "list": ["a", {"b": [1, -0.5], "c": {"d": None}}, True],
        "lines": "first\n  second\n\nlast\n",
        "none": {},
    }
    text = as_yaml(document, "What it is.")
    assert text.startswith("# What it is.\n")
    assert yaml.safe_load(text) == document


def test_uids_and_titles_are_unique_and_short_enough() -> None:
    for key in ("uid", "title"):
        found = [rule[key] for rule in RULES]
        assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[a-z][a-z-]{1,39}", rule["uid"]) for rule in RULES)


@RULE
def test_a_rule_has_states_that_every_version_knows(rule: dict[str, Any]) -> None:
    assert rule["noDataState"] in {"OK", "NoData", "Alerting"}
    assert rule["execErrState"] in {"OK", "Error", "Alerting"}
    assert re.fullmatch(r"\d+[smhd]", rule["for"])


@RULE
def test_a_rule_asks_once_reduces_and_compares(rule: dict[str, Any]) -> None:
    query, reduce, threshold = rule["data"]
    assert [part["refId"] for part in rule["data"]] == ["A", "B", "C"]
    assert all(part["model"]["refId"] == part["refId"] for part in rule["data"])
    assert rule["condition"] == "C"
    assert query["datasourceUid"] == query["model"]["datasource"]["uid"] == SOURCE_UID
    assert (reduce["datasourceUid"], reduce["model"]["type"], reduce["model"]["expression"]) == (
        "__expr__",
        "reduce",
        "A",
    )
    assert (threshold["datasourceUid"], threshold["model"]["type"]) == ("__expr__", "threshold")
    assert threshold["model"]["expression"] == "B"
    (condition,) = threshold["model"]["conditions"]
    assert condition["evaluator"]["type"] in {"gt", "lt", "within_range", "outside_range"}


@RULE
def test_a_rule_asks_the_data_source_that_is_provisioned(rule: dict[str, Any]) -> None:
    (source,) = raw("datasources/influxdb.yaml")["datasources"]
    assert rule["data"][0]["datasourceUid"] == source["uid"]


@RULE
def test_a_query_has_one_column_its_time_and_nothing_that_only_a_board_fills_in(rule: dict[str, Any]) -> None:
    query = rule["data"][0]["model"]["query"]
    assert "," not in query.split(" FROM ")[0]
    assert query.count("$timeFilter") == query.count(" FROM ")
    assert set(re.findall(r"\$[\w{]+", query)) == {"$timeFilter"}


@RULE
def test_a_rule_looks_back_far_enough_for_rows_that_come_once_an_hour(rule: dict[str, Any]) -> None:
    back = {part["relativeTimeRange"]["from"] for part in rule["data"]}
    assert len(back) == 1
    hourly = any(f'"{name}"' in rule["data"][0]["model"]["query"] for name in INSIGHTS)
    assert min(back) >= (2 * 3600 if hourly else 300)


def test_durations_are_minutes_hours_and_days() -> None:
    assert [seconds(text) for text in ("10m", "6h", "7d")] == [600, 21_600, 604_800]


@RULE
def test_an_alarm_can_be_routed(rule: dict[str, Any]) -> None:
    labels = rule["labels"]
    assert labels["team"] in {"bins", "green", "field", "operations"}
    assert labels["severity"] in {"info", "warning", "critical"}
    grouped = rule["data"][0]["model"]["query"].partition("GROUP BY")[2]
    assert ('"tenant"' in grouped) == (labels["team"] != "operations")


@RULE
def test_an_alarm_says_what_is_wrong_and_what_to_do_in_both_languages(rule: dict[str, Any]) -> None:
    said = rule["annotations"]
    assert " · " in rule["title"]
    for name in ("summary", "description"):
        assert len(said[name]) > 15
        assert len(said[f"{name}_en"]) > 15
        assert said[name] != said[f"{name}_en"]
    grouped = set(re.findall(r'"(\w+)"', rule["data"][0]["model"]["query"].partition("GROUP BY")[2]))
    for text in said.values():
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= grouped
        assert "${" not in text  # newer versions of Grafana would take it for the environment
    assert not any("$" in value for value in rule["labels"].values())  # every version does


@RULE
def test_an_alarm_leads_to_the_panel_that_shows_it(rule: dict[str, Any]) -> None:
    boards = {board["uid"]: board for board in (board("de").to_json() for board in BOARDS.values())}
    board = boards[rule["dashboardUid"]]
    assert rule["panelId"] in {panel["id"] for panel in board["panels"]}
    said = rule["annotations"]
    assert (said["__dashboardUid__"], said["__panelId__"]) == (rule["dashboardUid"], str(rule["panelId"]))


def test_rules_have_a_folder_of_their_own() -> None:
    providers = raw("dashboards/smartcity.yaml")["providers"]
    folders = {group["folder"] for group in raw("alerting/rules.yaml")["groups"]}
    assert len(folders) == 1
    assert not folders & {provider["folder"] for provider in providers}


def test_only_the_silence_of_the_pipeline_is_an_alarm_when_there_are_no_rows() -> None:
    assert [rule["uid"] for rule in RULES if rule["noDataState"] == "Alerting"] == ["smartcity-pipeline-absent"]


def receivers(kind: str, environment: dict[str, str]) -> dict[str, dict[str, Any]]:
    points = read("alerting/contact-points.yaml", environment)["contactPoints"]
    return {
        point["name"]: receiver["settings"]
        for point in points
        for receiver in point["receivers"]
        if receiver["type"] == kind
    }


def test_grafana_starts_when_nobody_is_to_be_told() -> None:
    assert {settings["addresses"] for settings in receivers("email", {}).values()} == {";"}
    assert {settings["url"] for settings in receivers("webhook", {}).values()} == {"#"}


def test_addresses_come_from_the_environment() -> None:
    environment = {
        "SMARTCITY_ALERT_EMAIL": "betrieb@stadt.example",
        "SMARTCITY_ALERT_EMAIL_GIESSEN": "tour@giessen.example;hof@giessen.example",
        "SMARTCITY_ALERT_WEBHOOK": "https://hooks.example/smartcity",
    }
    email = receivers("email", environment)
    assert email[OPERATOR]["addresses"] == "betrieb@stadt.example;"
    assert email["smartcity-giessen"]["addresses"] == "tour@giessen.example;hof@giessen.example;"
    assert email["smartcity-fulda"]["addresses"] == ";"
    assert {hook["url"] for hook in receivers("webhook", environment).values()} == {"https://hooks.example/smartcity#"}


def test_receivers_have_uids_of_their_own() -> None:
    uids = [receiver["uid"] for point in POINTS for receiver in point["receivers"]]
    assert len(set(uids)) == len(uids)
    assert max(map(len, uids)) <= 40


def routes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("routes", []):
        yield from routes(child)


def test_every_route_names_a_contact_point_and_a_mute_timing_that_there_is() -> None:
    for route in routes(TREE):
        assert route["receiver"] in {point["name"] for point in POINTS}
        assert set(route.get("mute_time_intervals", [])) <= set(TIMINGS)
    assert "mute_time_intervals" not in TREE  # Grafana would not take it


def test_messages_use_templates_that_there_are() -> None:
    defined = set(re.findall(r'define "([^"]+)"', TEMPLATE["template"]))
    used = re.findall(r'template "([^"]+)"', str(POINTS) + TEMPLATE["template"])
    assert set(used) == defined
    assert "$" not in TEMPLATE["template"]


def matches(route: dict[str, Any], labels: dict[str, str]) -> bool:
    """As Alertmanager does: all matchers hold, a label that is missing is empty, expressions fit the whole value."""
    return all(_holds(labels.get(name, ""), how, value) for name, how, value in route.get("object_matchers", []))


def _holds(given: str, how: str, wanted: str) -> bool:
    if how == "=~":
        return re.fullmatch(wanted, given) is not None
    return (given == wanted) is (how == "=")


def taken(route: dict[str, Any], labels: dict[str, str]) -> list[dict[str, Any]]:
    """The deepest routes that an alarm takes."""
    found: list[dict[str, Any]] = []
    for child in route.get("routes", []):
        if matches(child, labels):
            found += taken(child, labels)
            if not child.get("continue"):
                break
    return found or [route]


def is_quiet(route: dict[str, Any], at: datetime) -> bool:
    return any(_within(interval, at) for name in route.get("mute_time_intervals", []) for interval in TIMINGS[name])


def _within(interval: dict[str, Any], at: datetime) -> bool:
    spans = [
        (span["start_time"], span["end_time"])
        for span in interval.get("times", [{"start_time": "00:00", "end_time": "24:00"}])
    ]
    days = interval.get("weekdays", [at.strftime("%A").lower()])
    return at.strftime("%A").lower() in days and any(start <= at.strftime("%H:%M") < end for start, end in spans)


def told(at: datetime, **labels: str) -> set[str]:
    return {route["receiver"] for route in taken(TREE, labels) if not is_quiet(route, at)}


@pytest.mark.parametrize("at", [BY_DAY, AT_NIGHT, ON_SUNDAY])
def test_a_fire_is_told_to_the_city_and_the_operator_at_any_hour(at: datetime) -> None:
    (rule,) = (rule for rule in RULES if rule["uid"] == "smartcity-bin-hot")
    assert rule["for"] == "0s"
    assert told(at, tenant="offenbach", **rule["labels"]) == {OPERATOR, "smartcity-offenbach"}
    assert told(at, tenant="kassel", **rule["labels"]) == {OPERATOR}


def test_what_can_wait_is_told_to_its_city_by_day_on_working_days() -> None:
    due = {"tenant": "giessen", "team": "bins", "severity": "info"}
    assert [told(at, **due) for at in (BY_DAY, AT_NIGHT, ON_SUNDAY)] == [{"smartcity-giessen"}, set(), set()]


def test_a_tenant_without_people_of_its_own_is_the_operators() -> None:
    overfull = {"tenant": "kassel", "team": "bins", "severity": "warning"}
    assert [told(at, **overfull) for at in (BY_DAY, AT_NIGHT)] == [{OPERATOR}, set()]


def test_the_pipeline_is_the_operators_and_wakes_him_only_when_it_must() -> None:
    assert told(AT_NIGHT, team="operations", severity="critical", name="influxdb") == {OPERATOR}
    assert told(AT_NIGHT, team="operations", severity="warning") == set()
    assert told(BY_DAY, team="operations", severity="warning") == {OPERATOR}


def test_a_failed_evaluation_is_one_message_for_all_rules() -> None:
    failed = {"alertname": "DatasourceError", "team": "bins", "severity": "critical", "rulename": "Bin hot"}
    (route,) = taken(TREE, failed)
    assert (route["receiver"], route["group_by"]) == (OPERATOR, ["alertname"])


def test_quiet_hours_are_hours_of_the_cities() -> None:
    for interval in (interval for intervals in TIMINGS.values() for interval in intervals):
        assert interval["location"] == "Europe/Berlin"
        assert ZoneInfo(interval["location"]).key in available_timezones()
        for span in interval.get("times", []):
            assert re.fullmatch(r"[012]\d:[0-5]\d", span["start_time"])
            assert span["start_time"] < span["end_time"] <= "24:00"
