"""What needs history, read from the store and written beside it, on every store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from ingest.insights.run import again
from sinks.storage import Storage, StoreSettings
from tests.ingest.past import BIN, DAY, HOUR, LONELY, MINUTE, NOW, PROBE, SENSOR, SPARE, TREE, City, built
from tests.servers import influxdb


@pytest.fixture(params=["embedded", pytest.param("influxdb", marks=pytest.mark.server("influxdb"))])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    with ExitStack() as held:
        store = StoreSettings()
        if request.param == "influxdb":
            server = held.enter_context(influxdb.running())
            names = ("url", "org", "bucket", "write_token", "read_token")
            chosen = {"kind": "influxdb", "influxdb": {name: getattr(server, name) for name in names}}
            store = StoreSettings.model_validate(chosen)
        yield built(Storage(data=tmp_path / "data", store=store), held)


def filled_and_emptied(city: City, emptied_ms: int, rounds: int = 1) -> None:
    """Half-hourly readings: from 20 to 82 %, then 2 %, as often as wanted; the last emptying at this time."""
    for back in reversed(range(rounds)):
        for n in range(32):
            city.level(emptied_ms - back * 20 * HOUR + (n - 32) * 30 * MINUTE, 20.0 + 2 * n, f_cnt=n)
        for n in range(6):
            city.level(emptied_ms - back * 20 * HOUR + n * 30 * MINUTE, 2.0, f_cnt=32 + n)


def test_a_bin_that_was_emptied_has_an_event_and_a_state(city: City) -> None:
    filled_and_emptied(city, NOW - 3 * HOUR)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    assert city.happened("emptied") == [("emptied", NOW - 3 * HOUR)]
    event = city.newest("asset_event", BIN.id)
    assert (event["before"], event["after"], event["uncertainty_s"], event["quality"]) == (78.0, 2.0, 1800.0, 1)
    state = city.newest("bin_state", BIN.id)
    assert (state["level_pct"], state["state"], state["state_code"], state["quality"]) == (2.0, "ok", 0, 1)
    assert (state["since_emptied_h"], state["age_s"]) == (3.0, 1800.0)
    assert (state["lat"], state["lon"]) == (BIN.lat, BIN.lon)


def test_the_rate_is_known_after_two_fillings(city: City) -> None:
    filled_and_emptied(city, NOW - 3 * HOUR, rounds=3)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    state = city.newest("bin_state", BIN.id)
    assert state["method"] == "shrunk n=2"
    assert 85 < state["fill_rate_pct_d"] < 95
    assert state["hours_to_due"] == pytest.approx(24 * 78 / state["fill_rate_pct_d"], abs=0.1)


def test_a_state_is_one_row_an_hour_that_is_written_over(city: City) -> None:
    city.level(NOW - MINUTE, 50.0)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    for minutes, level in ((20, 60.0), (40, 61.0), (50, 62.0), (55, 63.0)):
        city.level(NOW + minutes * MINUTE, level)
    insights.look(NOW, NOW + 59 * MINUTE)
    insights.look(NOW, NOW + 61 * MINUTE)
    rows = [row for row in city.rows("bin_state") if row.tags["asset_id"] == BIN.id]
    assert [(row.time_ms - NOW, row.fields["level_pct"]) for row in rows] == [(0, 61.0), (HOUR, 61.0)]


def test_what_the_registry_knows_has_a_row_though_it_never_said_anything(city: City) -> None:
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    for asset, age_s in ((BIN, 60 * DAY / 1000), (LONELY, None)):
        state = city.newest("bin_state", asset.id)
        assert (state["state"], state["state_code"], state["quality"], state.get("age_s")) == ("unknown", 9, 9, age_s)
    tree = city.newest("tree_state", TREE.id)
    assert (tree["state"], tree["litres"], tree["age_s"]) == ("unknown", 0.0, 60 * DAY / 1000)
    for device, age_s in ((SENSOR, 60 * DAY / 1000), (SPARE, None)):
        health = city.newest("device_health", device)
        assert (health["state"], health["received"], health.get("age_s")) == ("silent", 0, age_s)


def test_a_row_stands_under_the_device_that_is_installed_now(city: City) -> None:
    filled_and_emptied(city, NOW - 3 * HOUR)
    city.registry.swap(SENSOR, SPARE, NOW - HOUR)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    (state,) = [row for row in city.rows("bin_state") if row.tags["asset_id"] == BIN.id]
    (event,) = [row for row in city.rows("asset_event") if row.fields["code"] == "emptied"]
    assert (state.tags["device_id"], state.tags["model"]) == (SPARE, "milesight_em400_mud")
    assert event.tags["device_id"] == SENSOR


def test_the_registry_tells_what_was_installed_swapped_and_removed(city: City) -> None:
    city.registry.swap(SENSOR, SPARE, NOW - 2 * DAY)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    bins = [(code, at - NOW) for code, at in city.happened() if at != NOW - 60 * DAY or code != "installed"]
    assert bins == [("swapped", -2 * DAY)]
    city.registry.uninstall(SPARE, NOW - DAY)
    insights.look(NOW, NOW + MINUTE)
    assert [(code, (at - NOW) // DAY) for code, at in city.happened()] == [
        ("installed", -60),
        ("installed", -60),
        ("swapped", -2),
        ("removed", -1),
    ]


def test_a_second_start_finds_nothing_twice(city: City) -> None:
    filled_and_emptied(city, NOW - 3 * HOUR)
    for start in range(3):
        insights = city.insights()
        insights.begin(NOW + start * MINUTE)
        insights.look(NOW, NOW + start * MINUTE)
    assert city.happened("emptied") == [("emptied", NOW - 3 * HOUR)]
    assert city.newest("bin_state", BIN.id)["since_emptied_h"] == pytest.approx(3.03, abs=0.01)


def test_rows_that_come_late_count_when_the_look_goes_back_to_them(city: City) -> None:
    for n in range(32):
        city.level(NOW - 3 * HOUR + (n - 32) * 30 * MINUTE, 60.0 + n)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    for n in range(3):
        city.level(NOW - 90 * MINUTE + n * 30 * MINUTE, 3.0)
    insights.look(NOW - MINUTE, NOW)
    assert city.happened("emptied") == []
    insights.look(NOW - 2 * HOUR, NOW + MINUTE)
    assert city.happened("emptied") == [("emptied", NOW - 90 * MINUTE)]


def test_doubtful_readings_do_not_count(city: City) -> None:
    for n in range(10):
        city.level(NOW - (10 - n) * 30 * MINUTE, 40.0)
    for n in range(3):
        city.level(NOW - (3 - n) * MINUTE, 95.0, quality=3)
        city.level(NOW - (3 - n) * MINUTE + 1, None, quality=9)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    state = city.newest("bin_state", BIN.id)
    assert (state["level_pct"], state["age_s"]) == (40.0, 1800.0)


def test_a_dry_tree_needs_water_and_a_watering_is_seen(city: City) -> None:
    for n in range(5 * 24):
        city.soil(NOW - (5 * 24 - n) * HOUR, 0.20 - 0.0003 * n)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    tree = city.newest("tree_state", TREE.id)
    assert (tree["state"], tree["method"], tree["litres"], tree["settling"]) == ("water_now", "nfk", 100.0, False)
    assert tree["need"] > 65
    assert tree["days_to_critical"] == 0.0

    for n in range(6):
        city.soil(NOW + n * HOUR, 0.17 + 0.02 * n)
    insights.look(NOW, NOW + 6 * HOUR)
    assert city.happened("watered") == [("watered", NOW + HOUR)]
    assert city.newest("asset_event", TREE.id)["text"] == "rain is not known"
    assert city.newest("asset_event", TREE.id)["after"] == pytest.approx(0.25)
    tree = city.newest("tree_state", TREE.id)
    assert (tree["state"], tree["litres"], tree["since_watered_d"]) == ("ok", 0.0, 0.21)


def test_frozen_soil_has_no_need_and_a_new_probe_settles(city: City) -> None:
    for n in range(30):
        city.soil(NOW - (30 - n) * HOUR, 0.16, celsius=5.0 if n < 20 else -1.0, quality=1 if n < 20 else 4)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    tree = city.newest("tree_state", TREE.id)
    assert (tree["state"], tree["frozen"], tree["quality"], tree["soil_temperature_c"]) == ("unknown", True, 9, -1.0)
    assert "need" not in tree

    city.registry.swap(PROBE, SPARE, NOW - 13 * DAY)
    insights.look(NOW, NOW + MINUTE)
    (row,) = [row for row in city.rows("tree_state") if row.tags["device_id"] == SPARE]
    assert row.fields["settling"] is True


def test_a_device_has_its_loss_its_interval_and_the_room_left_in_its_link(city: City) -> None:
    for n in range(48):
        if n not in {5, 6, 20}:
            city.level(NOW - (48 - n) * 30 * MINUTE, 50.0, f_cnt=n if n < 30 else n - 30)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    health = city.newest("device_health", SENSOR)
    assert (health["state"], health["interval_s"], health["age_s"]) == ("online", 1800.0, 1800.0)
    assert (health["received"], health["missing"], health["loss_pct"]) == (45, 3, 6.25)
    assert (health["headroom_db"], health["link_margin_db"]) == (17.0, 9.5)
    assert (health["spreading_factor"], health["gateways"], health["battery_v"]) == (9.0, 2.0, 3.5)


def test_a_device_that_stopped_weeks_ago_is_silent_since_then(city: City) -> None:
    for n in range(8):
        city.level(NOW - 30 * DAY - n * 30 * MINUTE, 50.0)
    insights = city.insights()
    insights.begin(NOW)
    insights.look(NOW, NOW)
    assert city.newest("device_health", SENSOR)["age_s"] == 30 * DAY / 1000
    assert city.newest("device_health", SENSOR)["state"] == "silent"
    assert city.newest("bin_state", BIN.id)["state"] == "unknown"


def test_the_past_is_derived_hour_by_hour_as_often_as_wanted(city: City) -> None:
    filled_and_emptied(city, NOW - 27 * HOUR, rounds=3)
    done: list[int] = []
    for _ in range(2):
        insights = city.insights()
        again(insights, NOW - 4 * DAY, NOW, done.append, Event())
    assert done[-1] == 4 * 24
    assert [at for _, at in city.happened("emptied")] == [NOW - 27 * HOUR - n * 20 * HOUR for n in (2, 1, 0)]
    states = [row for row in city.rows("bin_state") if row.tags["asset_id"] == BIN.id]
    assert len(states) == 4 * 24
    then = {row.time_ms: row.fields for row in states}
    assert then[NOW - 29 * HOUR]["level_pct"] == 74.0
    assert then[NOW - 26 * HOUR]["level_pct"] == 2.0


def test_a_long_past_is_not_forgotten_while_it_is_read(city: City) -> None:
    """More readings in one hour than are remembered of a bin."""
    for n in range(400):
        city.level(NOW - 59 * MINUTE + n * 8_000, [50.0, 85.0, 5.0][n // 50 % 3])
    insights = city.insights()
    again(insights, NOW - HOUR, NOW, lambda _: None, Event())
    assert len(city.happened("emptied")) == 2
