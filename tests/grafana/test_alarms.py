"""Every alert rule as Grafana evaluates it, against a real InfluxDB: which alarms fire, for whom, none when empty."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from sinks.influxdb.connection import call
from sinks.influxdb.write import InfluxStore
from sinks.model import Field, Point, Series
from tests.grafana.provisioned import raw
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb

pytestmark = pytest.mark.server("influxdb")

NOW: Final = 1_780_001_100_000
MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
THIS_HOUR: Final = NOW - NOW % HOUR
RULES: Final = {rule["uid"]: rule for group in raw("alerting/rules.yaml")["groups"] for rule in group["rules"]}


@pytest.fixture(scope="module")
def server() -> Iterator[Influxdb]:
    with influxdb.running() as running:
        yield running


@pytest.fixture(scope="module")
def seeded(server: Influxdb) -> Influxdb:
    return filled(server, [*bins(), *stuck(), *trees(), *devices(), *pipeline()])


def filled(server: Influxdb, rows: list[Point]) -> Influxdb:
    bucket = server.fresh_bucket()
    with closing(InfluxStore(bucket.writer)) as store:
        assert store.write(rows).rejected == ()
    return bucket


def of_asset(kind: str, asset: str, hours_ago: float, **fields: Field) -> Point:
    return of_probe(kind, asset, hours_ago, "", fields)


def of_probe(kind: str, asset: str, hours_ago: float, depth: str, fields: dict[str, Field]) -> Point:
    tenant = "giessen" if asset.startswith("gi") else "offenbach"
    return Point(Series(kind, tenant, asset, f"eui-{asset}", "m", depth), THIS_HOUR - round(hours_ago * HOUR), fields)


def bins() -> Iterator[Point]:
    for hour in range(30):
        yield of_asset("bin_state", "gi-ok", hour, state_code=1 if hour else 0)
        yield of_asset("bin_state", "gi-due", hour, state_code=2 if hour < 5 else 1)
        yield of_asset("bin_state", "of-over", hour, state_code=3)
        yield of_asset("bin_state", "of-unknown", hour, state_code=9 if hour < 3 else 3)
        yield of_asset("bin_state", "of-emptied", hour, state_code=2 if hour else 0)
    yield of_asset("bin_state", "of-long-gone", 9, state_code=3)
    yield of_asset("bin_level", "gi-ok", 0, temperature_c=60.0)
    yield of_asset("bin_level", "of-over", 2, temperature_c=61.5)
    yield of_asset("bin_level", "of-over", 3, temperature_c=20.0)
    yield of_asset("bin_level", "of-unknown", -0.5, temperature_c=12.0)
    yield of_asset("bin_level", "of-unknown", -0.7, temperature_c=28.0)
    yield of_asset("bin_level", "of-emptied", -0.5, temperature_c=28.0)
    yield of_asset("bin_level", "of-emptied", -0.7, temperature_c=12.0)
    yield of_asset("bin_level", "gi-due", 1, temperature_c=80.0)
    yield of_asset("bin_level", "gi-due", 0.5, temperature_c=25.0)


def stuck() -> Iterator[Point]:
    """Of a day and of a week; the other says something else once, or says too little."""
    for hour in range(20):
        yield of_asset("bin_level", "of-covered", hour, distance_mm=1200.0, quality=1)
        yield of_asset("bin_level", "of-alive", hour, distance_mm=1200.0 + (hour == 7), quality=1)
        yield of_asset(
            "bin_level", "of-seldom", hour, **({"distance_mm": 900.0, "quality": 1} if hour < 5 else {"quality": 4})
        )
    for hour in range(0, 24 * 7, 8):
        yield of_probe("soil", "gi-cut", hour, "30", {"soil_moisture_pct": 17.5, "quality": 1})
        yield of_probe("soil", "gi-dry", hour, "30", {"soil_moisture_pct": 17.5 - hour / 100, "quality": 1})


def trees() -> Iterator[Point]:
    for hour in range(30):
        yield of_asset("tree_state", "of-thirsty", hour, state_code=2, settling=False, soil_tension_kpa=81.0 + hour)
        yield of_asset("tree_state", "of-planted", hour, state_code=2, settling=True, soil_tension_kpa=95.0)
        yield of_asset(
            "tree_state",
            "of-watered",
            hour,
            state_code=2 if hour else 0,
            settling=False,
            soil_tension_kpa=90.0 * bool(hour),
        )
        yield of_asset("tree_state", "gi-frozen", hour, state_code=9)
        yield of_asset("tree_state", "gi-plan", hour, state_code=1, soil_tension_kpa=40.0)
    for hour in range(0, 24 * 7, 6):
        yield of_probe("soil", "gi-wet", hour, "60", {"soil_tension_kpa": 3.0, "quality": 1})
        yield of_probe("soil", "gi-wet", hour, "30", {"soil_tension_kpa": 3.0, "quality": 1})
        yield of_probe("soil", "gi-frost", hour, "90", {"soil_tension_kpa": 0.0, "quality": 4})
        yield of_probe("soil", "gi-dried", hour, "90", {"soil_tension_kpa": 4.0 if hour else 6.0, "quality": 1})


def devices() -> Iterator[Point]:
    sound: dict[str, Field] = {
        "state_code": 0,
        "headroom_db": 12.0,
        "loss_pct": 2.0,
        "received": 96,
        "missing": 2,
        "battery_pct": 90.0,
    }
    told: dict[str, dict[str, Field]] = {
        "of-sound": {},
        "of-late": {"state_code": 1},
        "of-silent": {"state_code": 2},
        "of-weak": {"headroom_db": 4.5},
        "of-lossy": {"loss_pct": 12.5, "received": 84, "missing": 12},
        "of-rare": {"loss_pct": 33.3, "received": 2, "missing": 1},
        "of-empty": {"battery_pct": 19.0},
        "of-flat": {"battery_v": 2.7},
        "of-mains": {"battery_v": 0.0},
    }
    for hour in range(3):
        for name, fields in told.items():
            yield of_asset("device_health", name, hour, **(sound | fields))
        yield of_asset("device_health", "", hour, state_code=2)
    for hour in range(0, 24 * 7, 12):
        yield of_asset("device_health", "of-falling", hour, state_code=0, headroom_db=8.0 + hour / 24)
        yield of_asset("device_health", "of-steady", hour, state_code=0, headroom_db=8.0 + hour % 5)
    for day in range(30):
        yield of_asset("device_health", "of-draining", 24 * day + 1, state_code=0, battery_pct=50.0 + day)
        yield of_asset("device_health", "of-lasting", 24 * day + 1, state_code=0, battery_pct=60.0 + day // 2)


def pipeline(**wrong: Field) -> Iterator[Point]:
    sound: dict[str, Field] = {
        "received": 1000,
        "missing": 0,
        "backlog": 0,
        "oldest_s": 0.0,
        "settled_age_s": 2000.0,
        "open_letters": 0,
        "unknown_devices": 0,
    }
    for minute in range(90):
        at = NOW - minute * MINUTE - 20_000
        yield Point(Series("pipeline", "", "", "", name="influxdb"), at, sound | (wrong if minute < 30 else {}))
        source = {"messages": 5000 - minute, "last_message_age_s": 30.0, "alarms": 0}
        yield Point(Series("pipeline_source", "", "", "", name="ttn"), at, source)


Alarms = set[tuple[str, ...]]
NOBODY: Final[Alarms] = {("no rows",)}


def firing(bucket: Influxdb, uid: str, now_ms: int = NOW) -> Alarms:
    """The labels of all alarms that this rule has, without those that are empty."""
    query, reduce, threshold = RULES[uid]["data"]
    found = evaluated(bucket, query["model"]["query"], query["relativeTimeRange"], now_ms)
    assert reduce["model"]["reducer"] == "last"
    (condition,) = threshold["model"]["conditions"]
    if not found:
        return NOBODY if RULES[uid]["noDataState"] == "Alerting" else set()
    return {labels for labels, values in found if holds(condition["evaluator"], values[-1])}


def evaluated(
    bucket: Influxdb, query: str, back: dict[str, int], now_ms: int
) -> list[tuple[tuple[str, ...], list[float]]]:
    """Series as the plug-in of 9.4 makes them: one for each column of each group, known by the group's tags alone."""
    begin, end = (now_ms - back[name] * 1000 for name in ("from", "to"))
    text = query.replace("$timeFilter", f"time >= {begin}ms and time <= {end}ms")
    assert not re.search(r"\$[\w{]", text)
    with bucket.reader.open() as client, bucket.reader.errors():
        (result,) = call(client, "POST", "/query", [("db", bucket.bucket), ("epoch", "ms"), ("q", text)])["results"]
    assert "error" not in result, result
    found = []
    for series in result.get("series", []):
        labels = tuple(value for value in series.get("tags", {}).values() if value)
        for column in range(1, len(series["columns"])):
            values = [row[column] for row in series["values"] if row[column] is not None]
            assert all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
            found.append((labels, values))
    assert len({labels for labels, _ in found}) == len(found), "two series with the same labels"
    return found


def holds(evaluator: dict[str, Any], value: float) -> bool:
    low, high = float(evaluator["params"][0]), float(evaluator["params"][-1])
    verdicts = {"gt": value > low, "lt": value < low, "within_range": low < value < high}
    return verdicts.get(evaluator["type"], value < low or value > high)


ALARMS: Final = {
    "smartcity-bin-due": {("gi-due", "giessen"), ("of-over", "offenbach")},
    "smartcity-bin-overfull": {("of-over", "offenbach")},
    "smartcity-bin-hot": {("of-over", "eui-of-over", "offenbach")},
    "smartcity-bin-warming": {("of-unknown", "eui-of-unknown", "offenbach")},
    "smartcity-bin-stuck": {("of-covered", "eui-of-covered", "offenbach")},
    "smartcity-soil-stuck": {("gi-cut", "30", "giessen")},
    "smartcity-tree-water": {("of-thirsty", "offenbach")},
    "smartcity-tree-dry": {("of-thirsty", "offenbach")},
    "smartcity-tree-wet": {("gi-wet", "60", "giessen")},
    "smartcity-device-late": {("of-late", "eui-of-late", "offenbach")},
    "smartcity-device-silent": {("of-silent", "eui-of-silent", "offenbach")},
    "smartcity-radio-weak": {("of-weak", "eui-of-weak", "offenbach")},
    "smartcity-radio-falling": {("of-falling", "eui-of-falling", "offenbach")},
    "smartcity-radio-loss": {("of-lossy", "eui-of-lossy", "offenbach")},
    "smartcity-battery-ending": {("of-draining", "eui-of-draining", "offenbach")},
    "smartcity-battery-percent": {("of-empty", "eui-of-empty", "offenbach")},
    "smartcity-battery-voltage": {("of-flat", "eui-of-flat", "offenbach")},
}
"""Of cities and devices; the pipeline is well."""


@pytest.mark.parametrize("uid", RULES)
def test_each_rule_fires_for_whom_it_should_and_for_nobody_else(seeded: Influxdb, uid: str) -> None:
    assert firing(seeded, uid) == ALARMS.get(uid, set())


@pytest.mark.parametrize("uid", RULES)
def test_an_empty_bucket_is_one_alarm_and_no_error(server: Influxdb, uid: str) -> None:
    assert firing(server.fresh_bucket(), uid) == (NOBODY if uid == "smartcity-pipeline-absent" else set())


@pytest.mark.parametrize(
    ("wrong", "uid", "who"),
    [
        ({"missing": 3}, "smartcity-pipeline-books", ("influxdb",)),
        ({"missing": -3}, "smartcity-pipeline-books", ("influxdb",)),
        ({"oldest_s": 601.0}, "smartcity-pipeline-backlog", ("influxdb",)),
        ({"backlog": 7}, "smartcity-pipeline-stuck", ("influxdb",)),
        ({"unknown_devices": 2}, "smartcity-unknown-devices", ()),
    ],
)
def test_each_trouble_of_the_pipeline_has_its_alarm(
    server: Influxdb, wrong: dict[str, Field], uid: str, who: tuple[str, ...]
) -> None:
    bucket = filled(server, list(pipeline(**wrong)))
    fired = {
        name: firing(bucket, name) for name in RULES if "pipeline" in name or "letters" in name or "unknown" in name
    }
    assert {name: found for name, found in fired.items() if found} == {uid: {who}}


def test_dead_letters_are_growing_for_an_hour_and_open_until_somebody_looks(server: Influxdb) -> None:
    names = ("smartcity-letters-growing", "smartcity-letters-open")
    bucket = filled(server, list(pipeline(open_letters=4)))
    assert [firing(bucket, name) for name in names] == [{()}, {()}]
    half_an_hour_later = NOW + 29 * MINUTE
    lasting = Point(Series("pipeline", "", "", "", name="influxdb"), half_an_hour_later, {"open_letters": 4})
    with closing(InfluxStore(bucket.writer)) as store:
        store.write([lasting])
    assert [firing(bucket, name, half_an_hour_later + 2 * MINUTE) for name in names] == [set(), {()}]


def test_a_silent_source_and_its_alarms_are_told(server: Influxdb) -> None:
    def source(name: str, **fields: Field) -> Point:
        return Point(Series("pipeline_source", "", "", "", name=name), NOW - MINUTE, fields)

    bucket = filled(
        server,
        [
            source("ttn", messages=1, last_message_age_s=1801.0, alarms=0),
            source("chirpstack", messages=1, last_message_age_s=5.0, alarms=2),
        ],
    )
    assert firing(bucket, "smartcity-source-silent") == {("ttn",)}
    assert firing(bucket, "smartcity-source-alarm") == {("chirpstack",)}


def test_a_pipeline_that_stops_is_noticed_within_ten_minutes(seeded: Influxdb) -> None:
    found = [firing(seeded, "smartcity-pipeline-absent", NOW + n * MINUTE) for n in (0, 9, 11)]
    assert found == [set(), set(), NOBODY]


def test_an_outage_of_what_derives_states_does_not_end_alarms_at_once(seeded: Influxdb) -> None:
    overfull = [firing(seeded, "smartcity-bin-overfull", NOW + hours * HOUR) for hours in (0, 4, 7)]
    assert overfull == [{("of-over", "offenbach")}, {("of-over", "offenbach")}, set()]
