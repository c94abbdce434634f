"""The state of a bin or tree at and around every threshold."""

from __future__ import annotations

import pytest

from api.answers import Observation, QualityWord
from api.insight.state import state


def seen(quantity: str, value: float | None, quality: QualityWord = "good") -> Observation:
    return Observation(time="2026-05-01T12:00:00.000Z", quantity=quantity, value=value, unit="", quality=quality)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(-10, "ok"), (0, "ok"), (74.9, "ok"), (75, "soon"), (89.9, "soon"), (90, "full"), (115, "full")],
)
def test_a_bin_is_ok_below_75_and_full_from_90_percent(percent: float, expected: str) -> None:
    assert state("bin", [seen("level_pct", percent)]) == expected


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(-20, "critical"), (29.9, "critical"), (30, "dry"), (49.9, "dry"), (50, "ok")],
)
def test_a_tree_is_dry_below_50_and_critical_below_30_percent_of_field_capacity(percent: float, expected: str) -> None:
    assert state("tree", [seen("soil_nfk_pct", percent)]) == expected


@pytest.mark.parametrize(
    ("kpa", "expected"),
    [(0, "ok"), (32, "ok"), (32.5, "dry"), (33, "dry"), (80, "dry"), (80.1, "critical"), (239, "critical")],
)
def test_a_tree_is_dry_above_32_and_critical_above_80_kpa(kpa: float, expected: str) -> None:
    assert state("tree", [seen("soil_tension_kpa", kpa)]) == expected


def test_the_driest_probe_decides() -> None:
    probes = [seen("soil_tension_kpa", 10), seen("soil_tension_kpa", 95), seen("soil_nfk_pct", 80)]
    assert state("tree", probes) == "critical"


@pytest.mark.parametrize("quality", ["fail", "missing"])
def test_a_value_that_failed_never_counts(quality: QualityWord) -> None:
    assert state("bin", [seen("level_pct", 95, quality)]) == "unknown"


@pytest.mark.parametrize("quality", ["suspect", "not_evaluated"])
def test_a_value_in_doubt_still_counts(quality: QualityWord) -> None:
    assert state("bin", [seen("level_pct", 95, quality)]) == "full"


def test_without_a_value_that_says_something_the_state_is_unknown() -> None:
    assert state("bin", []) == "unknown"
    assert state("bin", [seen("temperature_c", 20), seen("level_pct", None)]) == "unknown"
    assert state("fountain", [seen("level_pct", 95)]) == "unknown"
