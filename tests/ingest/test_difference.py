from __future__ import annotations

from ingest.difference import SAMPLE, Difference, Quantity, merged
from sinks.model import Point, Series
from sinks.ports import Row

BIN = Series("bin_level", "offenbach", "of-bin-1", "24e124713b490001", "milesight_em400_mud")
KEY = (BIN, 1)


def point(**fields: float | str) -> Point:
    return Point(BIN, 1, fields)


def test_a_row_that_is_stored_as_it_is_needs_no_write_wherever_its_message_stands() -> None:
    difference = Difference()
    assert difference.take(point(level_pct=3.0, offset=7), {"level_pct": 3.0, "offset": 2}) is None
    assert (difference.same, difference.quantities) == (1, {})


def test_changes_are_counted_by_quantity_with_least_median_and_most() -> None:
    difference = Difference()
    for before, after in ((10.0, 11.0), (10.0, 15.0), (10.0, 8.0)):
        assert difference.take(point(level_pct=after), {"level_pct": before})
    found = difference.quantities["bin_level.level_pct"]
    assert (found.changed, found.least, found.median, found.most) == (3, -2.0, 1.0, 5.0)
    assert found.examples[0] == {
        "asset": "of-bin-1",
        "device": "24e124713b490001",
        "time_ms": 1,
        "before": 10.0,
        "after": 11.0,
    }


def test_a_field_that_is_no_longer_given_is_stale_and_one_that_is_given_now_is_new() -> None:
    difference = Difference()
    assert difference.take(point(volume_l=5.0), {"level_pct": 3.0}) is not None
    assert difference.quantities["bin_level.volume_l"].new == 1
    assert difference.quantities["bin_level.level_pct"].stale == 1


def test_what_is_only_stale_is_not_written_again() -> None:
    assert Difference().take(point(level_pct=3.0), {"level_pct": 3.0, "tilted": 1.0}) is None


def test_flags_of_before_do_not_stay_on_values_that_are_good_now() -> None:
    difference = Difference()
    needed = difference.take(point(level_pct=3.0), {"level_pct": 3.0, "quality_codes": "level_pct=3:below_empty"})
    assert needed is not None
    assert needed.fields["quality_codes"] == ""
    assert difference.take(point(level_pct=3.0), {"level_pct": 3.0, "quality_codes": ""}) is None


def test_a_row_that_is_not_stored_is_new_and_one_that_nothing_gives_is_stale() -> None:
    difference = Difference()
    assert difference.take(point(level_pct=3.0), None) == point(level_pct=3.0)
    tags = dict.fromkeys(("tenant", "asset_id", "device_id", "model", "depth_cm", "name"), "")
    difference.take_stale(Row("soil", 1, tags, {"soil_vwc": 0.3}))
    assert (difference.new, difference.stale) == (1, 1)
    assert difference.quantities["soil.soil_vwc"].stale == 1


def test_several_points_of_one_row_are_one_where_the_later_wins() -> None:
    assert merged([point(level_pct=1.0, tilted=1.0), point(level_pct=2.0)]) == {KEY: point(level_pct=2.0, tilted=1.0)}


def test_differences_beyond_number_keep_exact_ends_and_a_sampled_median() -> None:
    quantity = Quantity()
    for n in range(3 * SAMPLE):
        quantity.take(KEY, 0.0, float(n))
    assert (quantity.least, quantity.most, quantity.changed) == (0.0, 3 * SAMPLE - 1.0, 3 * SAMPLE)
    assert quantity.median is not None
    assert SAMPLE < quantity.median < 2 * SAMPLE
    assert len(quantity._sample) == SAMPLE


def test_texts_change_without_a_measure() -> None:
    quantity = Quantity()
    quantity.take(KEY, "a", "b")
    assert (quantity.changed, quantity.median) == (1, None)
