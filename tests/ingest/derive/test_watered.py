"""When water reached the roots."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.derive import watered
from ingest.derive.watered import Wetting

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SERIES = Path(__file__).parent / "series"


def hourly(*values: float) -> tuple[list[int], list[float]]:
    return [n * HOUR_MS for n in range(len(values))], list(values)


def every(times: Sequence[int], values: Sequence[float]) -> Iterator[Wetting]:
    since = None
    while (found := watered.first(times, values, watered.RISE, since)) is not None:
        yield found
        since = found.time_ms


def test_a_rise_of_two_percent_by_volume_is_one_and_stands_at_the_reading_that_passed_it() -> None:
    found = watered.first(*hourly(0.200, 0.199, 0.198, 0.205, 0.219, 0.230, 0.240, 0.239), watered.RISE)
    assert found == Wetting(4 * HOUR_MS, before=0.199, after=0.239, uncertainty_s=3 * 3600.0)


def test_a_slow_rise_of_days_is_none() -> None:
    assert watered.first(*hourly(*[0.2 + n * 0.0004 for n in range(200)]), watered.RISE) is None


@pytest.mark.parametrize("wrong", [0.1, 0.4])
def test_a_single_wrong_reading_is_none(wrong: float) -> None:
    assert watered.first(*hourly(*[0.2] * 10, wrong, *[0.2] * 10), watered.RISE) is None


def test_a_rain_that_goes_on_is_one_and_the_next_comes_after_it_has_dried() -> None:
    rising = [0.20 + n * 0.01 for n in range(10)]
    drying = [0.29 - n * 0.002 for n in range(20)]
    again = [0.25 + n * 0.01 for n in range(6)]
    times, values = hourly(*[0.2] * 5, *rising, *drying, *again)
    assert [one.time_ms // HOUR_MS for one in every(times, values)] == [7, 38]


def test_one_that_is_known_and_out_of_sight_hides_none_that_follows() -> None:
    times, values = hourly(*[0.2] * 5, 0.23, 0.24, 0.24)
    found = watered.first(times, values, watered.RISE, since_ms=times[0] - DAY_MS)
    assert found
    assert found.time_ms == 5 * HOUR_MS


def test_suction_that_falls_by_a_third_is_one_and_noise_in_wet_soil_is_none() -> None:
    wetness = [watered.wetness(kpa) for kpa in (60, 61, 62, 41, 40, 38)]
    found = watered.first(*hourly(*wetness), watered.FALL)
    assert found
    assert found.time_ms == 3 * HOUR_MS
    wet = [watered.wetness(kpa) for kpa in (8, 9, 8, 4, 3, 4)]
    assert watered.first(*hourly(*wet), watered.FALL) is None


def test_the_wettest_of_the_day_after_is_what_it_led_to() -> None:
    times, values = hourly(0.20, 0.23, 0.26, 0.28, 0.28, *[0.25] * 30, 0.4, 0.4)
    assert watered.after(times, values, times[1]) == 0.28
    assert watered.after(times, values, times[-1] + 1) is None


def dubois() -> Iterator[tuple[int, float, float]]:
    lines = [line for line in (SERIES / "dubois_soil.csv").read_text("utf-8").splitlines() if line[0] != "#"]
    for row in csv.DictReader(lines):
        at = datetime.fromisoformat(row["time"]).replace(tzinfo=UTC)
        yield int(at.timestamp() * 1000), float(row["vwc"]), float(row["soil_temperature_c"])


def test_on_real_soil_that_thaws_only_readings_above_freezing_tell_rain_from_ice() -> None:
    """Dubois, Idaho, January to May 2014; the weather station near by had 10, 5, 20 and 14 mm of rain then."""
    rows = list(dubois())
    warm = [(time, vwc) for time, vwc, celsius in rows if celsius >= 1.0]
    found = every([time for time, _ in warm], [vwc for _, vwc in warm])
    days = [datetime.fromtimestamp(one.time_ms / 1000, UTC).date().isoformat() for one in found]
    assert days == ["2014-03-06", "2014-04-02", "2014-04-26", "2014-05-11"]
    assert len(list(every([time for time, _, _ in rows], [vwc for _, vwc, _ in rows]))) > len(days)
