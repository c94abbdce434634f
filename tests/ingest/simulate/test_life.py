from __future__ import annotations

from itertools import pairwise
from statistics import mean

import pytest

from ingest.simulate import Station
from ingest.simulate.life import distance_mm, is_spike, level_pct, tree_values, usable_share, values
from ingest.simulate.pace import EPOCH_S, Moment, Pace
from tests.ingest.simulate.city import FLEET

SEED = FLEET.seed
BINS = [s for s in FLEET.stations if s.asset.kind == "bin"]
TREES = [s for s in FLEET.stations if s.asset.kind == "tree"]
MINUTE, HOUR, DAY = 60, 3600, 86_400
SUMMER_S = EPOCH_S + 200 * DAY


def levels(station: Station, days: int, step_s: int = 30 * MINUTE) -> list[float]:
    return [level_pct(SEED, station, 1000 * DAY + at) for at in range(0, days * DAY, step_s)]


def emptied_at(curve: list[float]) -> list[float]:
    """Levels just before they fell."""
    return [before for before, after in pairwise(curve) if after < before - 8]


def test_a_bin_only_fills_until_it_is_emptied() -> None:
    for station in BINS:
        curve = levels(station, 14)
        falls = [(a, b) for a, b in pairwise(curve) if b < a]
        assert falls
        assert all(after < 10 for _, after in falls)
        assert all(0 <= level <= 100 for level in curve)


def test_bins_are_emptied_as_full_as_the_bins_of_edinburgh() -> None:
    full = [level for station in BINS for level in emptied_at(levels(station, 90, HOUR))]
    assert mean(full) == pytest.approx(77, abs=4)
    assert mean(level > 99 for level in full) == pytest.approx(0.14, abs=0.05)


def test_more_is_thrown_in_at_noon_than_at_night() -> None:
    def rise(from_hour: int) -> float:
        grown = []
        for station in BINS:
            for day in range(30):
                at = day * DAY + from_hour * HOUR
                change = level_pct(SEED, station, at + 2 * HOUR) - level_pct(SEED, station, at)
                grown.append(max(change, 0))
        return mean(grown)

    assert rise(12) > 3 * rise(0)


def test_a_level_does_not_jump_between_one_start_and_the_next() -> None:
    pace, stopped_s = Pace(60), SUMMER_S
    for station in BINS:
        before = level_pct(SEED, station, pace.moment(stopped_s).simulated_s)
        after = level_pct(SEED, station, pace.moment(stopped_s + 5).simulated_s)
        assert abs(after - before) < 2 or after < 10  # a little waste, or an emptying


def test_distances_follow_the_level_but_for_some_spikes() -> None:
    wrong = total = 0
    for station in BINS:
        empty, full = float(station.mount["empty_mm"]), float(station.mount["full_mm"])
        for slot in range(200):
            moment = Moment(SUMMER_S, slot * 1800)
            true = empty - (empty - full) * level_pct(SEED, station, moment.simulated_s) / 100
            off = abs(distance_mm(SEED, station, moment, slot) - true)
            assert off < 40 or is_spike(SEED, station, slot)
            wrong, total = wrong + is_spike(SEED, station, slot), total + 1
    assert wrong / total == pytest.approx(0.016, abs=0.004)


def test_no_distance_lies_in_the_sensors_blind_zone() -> None:
    for station in BINS:
        for slot in range(300):
            assert distance_mm(SEED, station, Moment(SUMMER_S, slot * 1800), slot) > float(station.mount["dead_mm"])


def test_soil_dries_exponentially_and_is_wetted_again() -> None:
    for station in TREES:
        shares = [
            usable_share(SEED, station, Moment(SUMMER_S, 500 * DAY + hour * HOUR)) for hour in range(0, 45 * 24, 2)
        ]
        assert all(0 <= share <= 1.08 for share in shares)
        changes = [b - a for a, b in pairwise(shares)]
        assert max(changes) > 0.01, "it never rained and nobody watered"
        dry = [(a, b - a) for a, b in pairwise(shares) if b < a < 1.08]
        assert len(dry) > len(changes) / 2
        slowest = max(change / share for share, change in dry)
        fastest = min(change / share for share, change in dry)
        assert -0.2 / 12 < fastest <= slowest < 0


def test_a_tree_does_not_get_wet_within_a_minute() -> None:
    for station in TREES:
        shares = [
            usable_share(SEED, station, Moment(SUMMER_S, 500 * DAY + at)) for at in range(0, 2 * DAY, 10 * MINUTE)
        ]
        assert max(abs(b - a) for a, b in pairwise(shares)) < 0.05


def test_soil_is_warm_in_summer_and_never_frozen_in_winter() -> None:
    for station in TREES:
        summer = tree_values(SEED, station, Moment(SUMMER_S, 0), 0)["soil_temperature_c"]
        winter = tree_values(SEED, station, Moment(EPOCH_S + 20 * DAY, 0), 0)["soil_temperature_c"]
        assert summer > winter + 5
        assert winter > 0


def test_batteries_go_down_over_the_years() -> None:
    for station in FLEET.stations:
        young, old = (values(SEED, station, Moment(EPOCH_S + 365 * DAY * y, 0), 0) for y in (0, 4))
        assert 0 < old["battery_pct"] < young["battery_pct"] <= 100
        assert 2.0 < old["battery_v"] < young["battery_v"] < 3.7


def test_the_same_question_has_the_same_answer() -> None:
    moment = Moment(SUMMER_S, 12_345_678.0)
    for station in FLEET.stations:
        assert values(SEED, station, moment, 5) == values(SEED, station, moment, 5)
        assert values(SEED, station, moment, 5) != values(SEED + 1, station, moment, 5)
