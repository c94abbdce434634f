"""How much a tree needs water."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import fmean

import pytest

from ingest.derive import need
from ingest.derive.need import NFK, TENSION, State
from ingest.derive.soil import Profile

DAY_MS = 24 * 3_600_000
HOUR_MS = 3_600_000
SERIES = Path(__file__).parent / "series"


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


JULY = ms("2026-07-01")


def hourly(*values: float, until: int = JULY) -> need.Values:
    return [until - n * HOUR_MS for n in reversed(range(len(values)))], list(values)


@pytest.mark.parametrize(("nfk", "index"), [(90, 0), (70, 0), (60, 25), (50, 50), (40, 75), (30, 100), (10, 100)])
def test_by_usable_water_it_rises_from_70_to_30_percent(nfk: float, index: float) -> None:
    assert NFK.index(nfk) == pytest.approx(index)


@pytest.mark.parametrize(("kpa", "index"), [(0.0, 0), (10, 0), (32, 0), (sqrt(32 * 80), 50), (80, 100), (200, 100)])
def test_by_suction_it_rises_with_the_logarithm_from_32_to_80_kpa(kpa: float, index: float) -> None:
    assert TENSION.index(kpa) == pytest.approx(index)


@pytest.mark.parametrize(
    ("year", "expected"),
    [(1, 0.8 * 20 + 0.2 * 60), (2, 28), (3, 0.5 * 20 + 0.4 * 60 + 0.1 * 80), (6, 0.2 * 20 + 0.4 * 60 + 0.4 * 80)],
)
def test_depths_count_by_where_the_roots_are_at_this_age(year: int, expected: float) -> None:
    assert need.weighted({"30": 20, "60": 60, "90": 80}, year, NFK) == pytest.approx(expected)


def test_of_a_tree_whose_age_nobody_knows_they_count_as_in_the_third_year() -> None:
    assert need.weighted({"30": 20, "90": 80}, None, NFK) == need.weighted({"30": 20, "90": 80}, 3, NFK)


def test_a_depth_counts_as_the_nearest_of_30_60_90_and_those_that_are_there_share_the_weight() -> None:
    assert need.weighted({"10": 20, "25": 30}, 1, NFK) == pytest.approx(25)
    assert need.weighted({"30": 20, "60": 70}, 6, NFK) == pytest.approx((0.2 * 20 + 0.4 * 70) / 0.6)
    assert need.weighted({"middle": 20}, 6, NFK) == pytest.approx(20)
    assert need.weighted({"90": 20}, 1, NFK) == pytest.approx(20)
    assert need.weighted({}, 1, NFK) is None


def test_suctions_are_weighted_by_their_logarithms() -> None:
    assert need.weighted({"30": 10, "60": 1000}, 2, TENSION) == pytest.approx(10 ** (0.8 * 1 + 0.2 * 3))


@pytest.mark.parametrize(("index", "state"), [(0, State.OK), (34.9, State.OK), (35, State.PLAN), (65, State.PLAN)])
def test_classes(index: float, state: State) -> None:
    assert need.classify(index, JULY) is state
    assert need.classify(65.1, JULY) is State.WATER_NOW


@pytest.mark.parametrize(
    ("day", "season"), [("2026-03-14", False), ("2026-03-15", True), ("2026-10-31", True), ("2026-11-01", False)]
)
def test_outside_the_season_nobody_waters(day: str, *, season: bool) -> None:
    assert need.is_season(ms(day)) is season
    assert (need.classify(90, ms(day)) is State.OK) is not season


def test_the_year_of_planting_is_the_first() -> None:
    assert need.year_since_planting({"planted": 2026.0}, JULY) == 1
    assert need.year_since_planting({"planted": "2021"}, JULY) == 6
    for planted in ("spring", "", 0.0, "nan", "inf"):
        assert need.year_since_planting({"planted": planted}, JULY) is None
    assert need.year_since_planting({}, JULY) is None


def test_the_need_is_that_of_the_median_of_the_newest_three() -> None:
    found = need.need({"30": hourly(80, 80, 51, 5, 49)}, NFK, 1, JULY)
    assert found
    assert found == need.Need(52.5, 49, State.PLAN, None)


def test_a_depth_that_is_silent_for_a_day_does_not_count() -> None:
    stale, fresh = hourly(10, 10, 10, 10, until=JULY - DAY_MS - 1), hourly(60, 60, 60, 60)
    found = need.need({"30": stale, "60": fresh}, NFK, 1, JULY)
    assert found
    assert found.value == 60
    assert need.need({"30": stale}, NFK, 1, JULY) is None


def test_days_to_critical_follow_the_drying_of_the_last_days() -> None:
    """It falls by a tenth each day from 60 %: 30 % is reached after ln(1/2) / ln(0.9) = 6.6 days."""
    values = [60 * 0.9 ** (-n / 24) for n in reversed(range(5 * 24))]
    found = need.need({"30": hourly(*values)}, NFK, 1, JULY)
    assert found
    assert found.days_to_critical == pytest.approx(6.6, abs=0.1)


def test_suction_rises_towards_critical_in_the_same_way() -> None:
    values = [20 * 1.2 ** (-n / 24) for n in reversed(range(5 * 24))]
    found = need.need({"30": hourly(*values)}, TENSION, 1, JULY)
    assert found
    assert found.days_to_critical == pytest.approx(7.6, abs=0.1)


def test_what_it_did_before_the_last_wetting_does_not_count() -> None:
    dried = [60 * 0.8 ** (-n / 24) for n in range(4 * 24, 8 * 24)]
    values = [*reversed(dried), *[60 * 0.9 ** (-n / 24) for n in reversed(range(4 * 24))]]
    found = need.need({"30": hourly(*values)}, NFK, 1, JULY, wetted_ms=JULY - 4 * DAY_MS)
    assert found
    assert found.days_to_critical == pytest.approx(6.6, abs=0.1)


def test_how_long_it_lasts_is_not_guessed_from_two_days_nor_from_soil_that_does_not_dry() -> None:
    two_days = [60 * 0.9 ** (-n / 24) for n in reversed(range(47))]
    for values in (two_days, [60.0] * 120, [50 + n / 24 for n in range(120)]):
        found = need.need({"30": hourly(*values)}, NFK, 1, JULY)
        assert found
        assert found.days_to_critical is None


def test_a_critical_tree_is_critical_now() -> None:
    found = need.need({"30": hourly(20, 20, 20)}, NFK, 1, JULY)
    assert found
    assert (found.days_to_critical, found.state) == (0.0, State.WATER_NOW)


def wanting(index: float, nfk: float = 40.0) -> need.Need:
    return need.Need(index, nfk, need.classify(index, JULY), None)


@pytest.mark.parametrize(("year", "litres"), [(1, 100), (5, 100), (6, 200), (10, 200), (11, 300)])
def test_one_watering_brings_what_cities_give_at_that_age(year: int, litres: float) -> None:
    assert need.litres(wanting(70), year, None, {}, JULY) == litres


def test_with_the_root_area_it_brings_what_is_missing_in_steps_of_25_litres() -> None:
    loam = Profile(0.28, 0.14, "texture")
    assert need.litres(wanting(70), 3, loam, {"root_area_m2": 2.0}, JULY) == 100  # 94.5
    assert need.litres(wanting(70), 3, loam, {"root_area_m2": 9.0}, JULY) == 150
    assert need.litres(wanting(70), 12, loam, {"root_area_m2": 9.0}, JULY) == 300
    assert need.litres(wanting(70), 12, loam, {"root_area_m2": 1.0}, JULY) == 100


def test_a_tree_that_is_well_or_unknown_or_asleep_gets_none() -> None:
    assert need.litres(wanting(10), 3, None, {}, JULY) == 0
    assert need.litres(None, 3, None, {}, JULY) == 0
    assert need.litres(wanting(90), 3, None, {}, ms("2026-12-01")) == 0


def test_on_real_soil_three_dry_days_are_foretold_with_less_than_55_percent_of_the_error_of_standing_still() -> None:
    """Summers of Manhattan, Kansas, 10 cm: every day with at least three days since the last wetting, no rain after."""
    lines = [line for line in (SERIES / "manhattan_soil.csv").read_text("utf-8").splitlines() if line[0] != "#"]
    rows = [row for row in csv.DictReader(lines) if row["vwc_10cm"] and row["precip_mm"]]
    days = [(float(row["vwc_10cm"]), float(row["precip_mm"])) for row in rows]
    low, high = 0.10, 0.38
    water = [100 * (vwc - low) / (high - low) for vwc, _ in days]
    ours, same = [], []
    for day in range(7, len(days) - 3):
        dry = all(days[day + n][1] < 0.5 and water[day + n] <= water[day + n - 1] for n in (1, 2, 3))
        since = next((n for n in range(7) if water[day - n] - water[day - n - 1] >= 7), 6)
        if dry and since >= 2:
            daily = [(float(n), water[day - n]) for n in range(since + 1)]
            ours.append(abs(need.after_days(daily, water[day], 3) - water[day + 3]))
            same.append(abs(water[day] - water[day + 3]))
    assert len(ours) > 100
    assert fmean(ours) <= 0.55 * fmean(same)
