from __future__ import annotations

import pytest

from ingest.derive.soil import TEXTURES, Profile, both_contents, nfk_pct, profile


def test_nfk_is_0_at_the_wilting_point_and_100_at_field_capacity() -> None:
    soil = Profile(0.28, 0.14, "texture")
    assert [nfk_pct(vwc, soil) for vwc in (0.14, 0.21, 0.28, 0.35)] == [0.0, 50.0, 100.0, 150.0]


def test_values_measured_at_the_site_go_before_the_texture() -> None:
    found = profile({"soil": "loam", "field_capacity": 0.33, "wilting_point": 0.11})
    assert found == Profile(0.33, 0.11, "site")


def test_stones_hold_no_water() -> None:
    found = profile({"soil": "loam", "stone_fraction": 0.5})
    assert found is not None
    assert (found.field_capacity, found.wilting_point) == pytest.approx((0.14, 0.07))


@pytest.mark.parametrize("properties", [{}, {"soil": "marble"}, {"field_capacity": 0.1, "wilting_point": 0.2}])
def test_without_a_usable_soil_there_is_no_profile(properties: dict[str, float | str]) -> None:
    assert profile(properties) is None


def test_every_texture_holds_more_at_field_capacity_than_at_wilting() -> None:
    assert all(capacity > wilting > 0 for capacity, wilting in TEXTURES.values())


def test_either_unit_of_water_content_gives_both() -> None:
    assert both_contents({"soil_vwc": 0.21}) == (0.21, 21.0)
    assert both_contents({"soil_moisture_pct": 21.0}) == (0.21, 21.0)
    assert both_contents({"soil_tension_kpa": 21.0}) is None
