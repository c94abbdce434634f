"""When a bin was emptied."""

from __future__ import annotations

import pytest

from ingest.derive.emptied import Emptying, find
from tests.ingest.derive.glass_containers import HOUR_MS, containers


def hourly(*levels: float) -> tuple[list[int], list[float]]:
    return [n * HOUR_MS for n in range(len(levels))], list(levels)


FULL = (80.0, 81.0, 80.0, 82.0, 83.0)


def test_a_fall_into_the_empty_zone_that_lasts_is_an_emptying() -> None:
    (one,) = find(*hourly(*FULL, 3.0, 4.0, 3.0))
    assert one == Emptying(5 * HOUR_MS, before=81.0, after=3.0, uncertainty_s=3600.0)


def test_it_is_known_only_when_three_readings_agree() -> None:
    assert find(*hourly(*FULL, 3.0, 4.0)) == []


@pytest.mark.parametrize("spike", [5.0, 20.0])
def test_a_single_wrong_reading_is_none(spike: float) -> None:
    assert find(*hourly(*FULL, spike, 82.0, 83.0, 83.0, 84.0, spike, 84.0, 84.0)) == []


def test_a_wrong_reading_among_the_first_after_it_hides_nothing() -> None:
    (one,) = find(*hourly(*FULL, 3.0, 90.0, 4.0, 4.0))
    assert (one.time_ms, one.after) == (5 * HOUR_MS, 4.0)


def test_settling_waste_is_none() -> None:
    assert find(*hourly(60, 60, 58, 56, 55, 53, 52, 51, 50, 50, 50, 50)) == []


def test_in_a_low_bin_a_hand_of_air_is_not_enough() -> None:
    """25 cm are 63 % of a bin that is 40 cm deep."""
    readings = hourly(50.0, 50.0, 50.0, 50.0, 50.0, 3.0, 3.0, 3.0)
    assert len(find(*readings, span_mm=1000.0)) == 1
    assert find(*readings, span_mm=400.0) == []


def test_what_stays_in_the_bin_makes_it_a_partial_one_after_six_readings() -> None:
    readings = hourly(*FULL, 50.0, 50.0, 51.0, 50.0, 95.0, 51.0)
    (one,) = find(*readings)
    assert (one.partly, one.before, one.after) == (True, 81.0, 50.5)
    assert find(readings[0][:-1], readings[1][:-1]) == []


def test_a_gap_in_the_readings_makes_its_time_uncertain() -> None:
    times, levels = hourly(*FULL, 3.0, 4.0, 3.0)
    late = [time + (9 * HOUR_MS if n >= 5 else 0) for n, time in enumerate(times)]
    (one,) = find(late, levels)
    assert (one.time_ms, one.uncertainty_s) == (14 * HOUR_MS, 36_000.0)


def test_one_that_is_known_is_not_found_again() -> None:
    times, levels = hourly(*FULL, *[3.0] * 8, 40.0, 60.0, 70.0, 70.0, 70.0, 70.0, 70.0, 2.0, 2.0, 2.0)
    first, second = find(times, levels)
    assert find(times, levels, since_ms=first.time_ms) == [second]
    assert find(times, levels, since_ms=second.time_ms) == []


def test_a_history_looked_at_in_pieces_says_the_same() -> None:
    (one,) = containers(seed=7, number=1)
    found: list[Emptying] = []
    for end in range(20, len(one.times) + 1, 20):
        begin = max(0, end - 96)
        since = found[-1].time_ms if found else None
        found += find(one.times[begin:end], one.levels[begin:end], one.span_mm, since)
    whole = [it for it in find(one.times, one.levels, one.span_mm) if it.time_ms < one.times[-30]]
    assert [it.time_ms for it in found][: len(whole)] == [it.time_ms for it in whole]


def test_with_the_noise_of_real_containers_precision_and_recall_are_above_95_percent() -> None:
    """60 containers, half a year, about 900 emptyings; found is one within half a day after it."""
    right = said = happened = 0
    for one in containers(seed=0):
        found = [it.time_ms for it in find(one.times, one.levels, one.span_mm) if not it.partly]
        hits = {next((it for it in found if at <= it <= at + 12 * HOUR_MS), None) for at in one.emptied} - {None}
        right, said, happened = right + len(hits), said + len(found), happened + len(one.emptied)
    assert happened > 600
    assert right / said >= 0.95
    assert right / happened >= 0.95
