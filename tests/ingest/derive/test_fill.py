"""How full, how fast, and when it is due."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import fmean

import pytest

from ingest.derive import fill
from ingest.derive.emptied import Emptying
from ingest.derive.fill import Past, State

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SERIES = Path(__file__).parent / "series"


def every(interval_s: int, *levels: float) -> tuple[list[int], list[float]]:
    return [n * interval_s * 1000 for n in range(len(levels))], list(levels)


def emptying(day: float, before: float, after: float, *, partly: bool = False) -> Emptying:
    return Emptying(int(day * DAY_MS), before, after, 1800.0, partly)


def test_the_level_is_the_median_of_the_newest_five() -> None:
    assert fill.level_now(*every(1800, 10, 50, 52, 95, 53, 54)) == (53, 5)


def test_of_seldom_readings_it_is_that_of_three_and_of_old_ones_none() -> None:
    assert fill.level_now(*every(4 * 3600, 10, 20, 30, 40, 50)) == (40, 3)
    assert fill.level_now(*every(9 * 3600, 10, 20, 30, 40, 50)) == (45, 2)


def test_after_an_emptying_only_what_came_then_counts() -> None:
    times, levels = every(1800, 80, 81, 82, 83, 2, 3)
    assert fill.level_now(times, levels, since_ms=times[4]) == (2.5, 2)


def test_two_readings_far_below_are_believed_before_the_emptying_is_confirmed() -> None:
    assert fill.level_now(*every(1800, 90, 91, 92, 4, 6)) == (5, 2)
    assert fill.level_now(*every(1800, 90, 91, 92, 93, 4)) == (91, 5)
    found = fill.judge(every(1800, 90, 91, 92, 4, 6), [], Past(), 4 * 1_800_000)
    assert found is not None
    assert (found.state, found.level_pct) == (State.OK, 5)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((10, 20, 30), State.OK),
        ((60, 70, 71), State.DUE_SOON),
        ((60, 79, 81), State.DUE_SOON),
        ((60, 80, 81), State.DUE),
        ((60, 96, 97), State.OVERFULL),
        ((60, 97, 60), State.OK),
        ((80, 81, 73, 72), State.DUE),
        ((80, 81, 5, 82), State.DUE),
        ((80, 81, 69, 69), State.DUE_SOON),
        ((97, 97, 86, 86), State.OVERFULL),
        ((97, 97, 84, 84), State.DUE),
        ((80, 81, 5, 5), State.OK),
    ],
)
def test_two_readings_in_a_row_bring_a_state_and_ten_points_less_end_it(
    levels: tuple[float, ...], expected: State
) -> None:
    assert fill.state(levels) is expected


def test_a_bin_may_have_a_threshold_of_its_own() -> None:
    assert fill.state((60, 61), due_pct=60) is State.DUE
    assert fill.state((96, 96), due_pct=98) is State.DUE_SOON


def test_the_rate_of_the_past_is_what_came_in_from_one_emptying_to_the_next() -> None:
    known = [emptying(0, 90, 0), emptying(2, 80, 0), emptying(3, 60, 40, partly=True), emptying(5, 100, 5)]
    assert fill.past(known) == Past(fill=80 + 60 + 60, days=5, n=3)


def test_the_present_filling_draws_the_rate_as_it_grows_older() -> None:
    own = Past(fill=300, days=10, n=4)
    assert fill.rate(own, Past(), filled=0, age_days=0) == fill.Rate(30.0, "shrunk n=4")
    slow = fill.rate(own, Past(), filled=0, age_days=6)
    assert slow
    assert slow.pct_d == 15.0


def test_a_new_bin_fills_like_its_kind_and_without_one_by_its_first_filling() -> None:
    kind = Past(fill=2000, days=100, n=80)
    assert fill.rate(Past(), kind, None, 0) == fill.Rate(20.0, "pool n=80")
    assert fill.rate(Past(), Past(), filled=30, age_days=2) == fill.Rate(15.0, "filling")
    assert fill.rate(Past(), Past(), filled=30, age_days=0.5) is None
    assert fill.rate(Past(), Past(), None, 0) is None


def test_everything_about_one_bin() -> None:
    times, levels = every(1800, *[50.0] * 10)
    known = [emptying(-6, 90, 0), emptying(-4, 80, 0), emptying(-2, 80, 0)]
    found = fill.judge((times, levels), known, Past(), times[-1] + 600_000)
    assert found
    assert (found.level_pct, found.state, found.age_s, found.readings) == (50.0, State.OK, 600.0, 5)
    assert found.rate
    assert found.rate.pct_d == pytest.approx((6 * 40 + 50) / (6 + 2.1875))
    assert found.hours_to_due == pytest.approx(24 * 30 / found.rate.pct_d)


def test_a_bin_that_is_due_is_due_now() -> None:
    times, levels = every(1800, *[85.0] * 10)
    found = fill.judge((times, levels), [emptying(-2, 80, 0), emptying(-1, 80, 0)], Past(2000, 100, 50), times[-1])
    assert found
    assert (found.state, found.hours_to_due) == (State.DUE, 0.0)


def test_no_data_is_not_empty() -> None:
    times, levels = every(1800, *[50.0] * 10)
    found = fill.judge((times, levels), [], Past(), times[-1] + DAY_MS + 1)
    assert found
    assert (found.level_pct, found.state) == (None, State.UNKNOWN)
    assert fill.judge(([], []), [], Past(), 0) is None


def test_a_bin_that_speaks_once_a_day_is_known_until_it_is_late() -> None:
    times, levels = every(24 * 3600, *[50.0] * 10)
    for days, expected in ((2, State.OK), (3, State.UNKNOWN)):
        found = fill.judge((times, levels), [], Past(), times[-1] + days * DAY_MS)
        assert found
        assert found.state is expected


def test_on_real_bins_the_forecast_beats_standing_still() -> None:
    """12 public bins of Wyndham over 966 days: level in 48 and 72 hours, from every day on which it was below 80 %.

    Bars for all 32 bins: 20.9 points (standing still 24.6) and 22.4 (30.7).
    """
    errors: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for line in (SERIES / "wyndham_bins.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            _forecast(line.split()[1], errors)
    assert len(errors[2, "ours"]) > 5_000
    assert fmean(errors[2, "ours"]) <= 20.9
    assert fmean(errors[2, "ours"]) <= 0.85 * fmean(errors[2, "same"])
    assert fmean(errors[3, "ours"]) <= 22.4
    assert fmean(errors[3, "ours"]) <= 0.73 * fmean(errors[3, "same"])


def _forecast(days: str, errors: defaultdict[tuple[int, str], list[float]]) -> None:
    levels = {n: 10.0 * "0123456789X".index(level) for n, level in enumerate(days) if level != "."}
    before, own, last = None, Past(), None
    for day, level in levels.items():
        if before is not None and level <= levels[before] - 20:
            one = emptying(day, levels[before], level)
            own, last = own + (fill.past([last, one]) if last else Past()), one
        before = day
        if level >= 80 or own.n < 2 or last is None:
            continue
        found = fill.rate(own, Past(), level - last.after, day - last.time_ms / DAY_MS)
        assert found
        for ahead in (2, 3):
            seen = [levels.get(day + n) for n in range(ahead + 1)]
            if None not in seen and seen == sorted(seen, key=float):  # type: ignore[arg-type]  # None is none of them
                then = levels[day + ahead]
                errors[ahead, "ours"].append(abs(min(100, level + ahead * found.pct_d) - then))
                errors[ahead, "same"].append(abs(level - then))
