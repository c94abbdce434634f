from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.derive.level import Level, geometry, level, litres
from sinks.model import Quality

BIN = {"empty_mm": 1200.0, "full_mm": 200.0}


def at(distance_mm: float, mount: dict[str, float]) -> Level:
    return level(distance_mm, geometry(mount))


@pytest.mark.parametrize(
    ("distance_mm", "expected"), [(1200, 0.0), (700, 50.0), (200, 100.0), (1250, 0.0), (100, 100.0), (450, 75.0)]
)
def test_the_level_rises_as_the_distance_falls_and_is_published_within_0_and_100(
    distance_mm: float, expected: float
) -> None:
    assert at(distance_mm, BIN).level_pct == expected


def test_a_distance_far_beyond_the_empty_bin_is_no_level() -> None:
    found = at(1400, BIN)
    assert found.level_pct is None
    assert (found.quality, found.code) == (Quality.FAIL, "beyond_empty")


def test_a_distance_far_above_the_fill_line_is_no_level() -> None:
    assert at(10, BIN).code == "above_full"


def test_a_distance_inside_the_blind_zone_is_never_a_level() -> None:
    found = at(240, BIN | {"dead_mm": 250.0})
    assert found.level_pct is None
    assert found.code == "blind_zone"


def test_without_geometry_there_is_no_level_and_that_is_said() -> None:
    assert at(700, {}).code == "no_geometry"
    assert at(700, {"empty_mm": 1200.0}).level_pct is None


def test_an_offset_shortens_and_a_tilt_foreshortens_the_distance() -> None:
    assert at(720, BIN | {"offset_mm": 20.0}).level_pct == 50.0
    assert at(1400, BIN | {"tilt_deg": 60.0}).level_pct == 50.0


def test_litres_follow_the_table_of_the_bin() -> None:
    table: dict[str, float | str | bool] = {"volume_table": "0:0,50:90,100:240", "capacity_l": 999.0}
    assert [litres(pct, table) for pct in (0, 25, 50, 75, 100)] == [0, 45, 90, 165, 240]


def test_litres_are_a_share_of_the_capacity_without_a_table_and_unknown_without_both() -> None:
    assert litres(25, {"capacity_l": 240.0}) == 60.0
    assert litres(25, {}) is None


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_a_longer_distance_never_means_a_fuller_bin(a: float, b: float) -> None:
    near, far = at(min(a, b), BIN).level_pct, at(max(a, b), BIN).level_pct
    if near is not None and far is not None:
        assert near >= far
