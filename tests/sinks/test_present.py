"""Rows of the older data model as rows of the present one."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sinks.guard import admit
from sinks.influxdb.present import Moved, present, strange_tags
from sinks.influxdb.schema import MEASUREMENTS
from sinks.model import Field
from sinks.ports import Row
from tests.sinks.contract import NOW

TAGS = {"tenant": "giessen", "asset_id": "tree-1", "device_id": "24e124", "model": "em500"}
LINK: dict[str, Field] = {"rssi_dbm": -110.0, "snr_db": 2.5, "spreading_factor": 9, "gateways": 2, "offset": 7}
STATUS: dict[str, Field] = {"battery_pct": 88.0, "firmware": "1.2", "quality": 1, "decoder": "x/1", "offset": 7}


def row(measurement: str, fields: dict[str, Field], **tags: str) -> Row:
    return Row(measurement, NOW, TAGS | tags, fields)


def by_place(moved: list[Moved]) -> dict[tuple[str, str], dict[str, Field]]:
    return {(it.point.series.measurement, it.point.series.depth_cm): dict(it.point.fields) for it in moved}


def test_the_three_rows_of_a_frame_become_one() -> None:
    measured: dict[str, Field] = {"soil_vwc": 0.2, "quality": 3, "decoder": "x/1", "offset": 7}
    (moved,) = present([row("device_status", STATUS), row("link_quality", LINK), row("soil", measured)])
    assert moved.point.series.measurement == "soil"
    assert moved.point.fields == measured | {
        "battery_pct": 88.0,
        "firmware": "1.2",
        "rssi_dbm": -110.0,
        "snr_db": 2.5,
        "spreading_factor": 9,
        "gateways": 2,
    }
    assert Counter(moved.sources) == {"soil": 1, "device_status": 1, "link_quality": 1}


def test_of_several_depths_the_shallowest_has_condition_and_link() -> None:
    depths = [row("soil", {"soil_vwc": 0.1}, depth_cm=depth) for depth in ("100", "30", "5.5")]
    found = by_place(list(present([*depths, row("link_quality", LINK)])))
    assert {place: "snr_db" in fields for place, fields in found.items()} == {
        ("soil", "100"): False,
        ("soil", "30"): False,
        ("soil", "5.5"): True,
    }


def test_a_frame_in_which_nothing_was_measured_is_a_status() -> None:
    (moved,) = present([row("link_quality", LINK), row("device_status", STATUS | {"age_s": 60.0})])
    assert moved.point.series.measurement == "device_status"
    assert moved.point.fields == STATUS | LINK


def test_rows_of_two_devices_at_one_time_stay_apart() -> None:
    moved = list(present([row("bin_level", {"level_pct": 1.0}), row("link_quality", LINK, device_id="other")]))
    assert [it.point.series.measurement for it in moved] == ["bin_level", "device_status"]


def test_what_a_row_of_the_present_model_says_is_not_overwritten() -> None:
    (moved,) = present([row("bin_level", {"snr_db": 9.0}), row("link_quality", LINK)])
    assert moved.point.fields["snr_db"] == 9.0


def test_a_tag_that_has_no_place_is_named() -> None:
    assert strange_tags(row("bin_level", {}, host="a", area="b")) == ["area", "host"]


MEASURED = st.sampled_from(["bin_level", "soil", "device_status", "link_quality", "event", "weather"])
ROWS = st.lists(
    st.builds(
        row,
        MEASURED,
        st.dictionaries(st.sampled_from(["level_pct", "snr_db", "battery_v", "age_s"]), st.floats(0, 9), min_size=1),
        device_id=st.sampled_from(["a", "b"]),
        depth_cm=st.sampled_from(["", "5", "30", "deep"]),
    ),
    max_size=12,
)


@given(ROWS)
def test_every_row_goes_into_exactly_one_and_no_value_but_an_age_is_lost(rows: list[Row]) -> None:
    moved = list(present(rows))
    assert Counter(name for it in moved for name in it.sources) == Counter(it.measurement for it in rows)
    values = {value for it in moved for value in it.point.fields.values()}
    frames = [it for it in rows if it.measurement in ("event", "weather")]
    assert {value for it in frames for value in it.fields.values()} <= values


@given(ROWS)
def test_a_row_of_the_present_model_alone_stays_as_it_is(rows: list[Row]) -> None:
    for it in rows:
        known = {name: value for name, value in it.fields.items() if name in MEASUREMENTS.get(it.measurement, {})}
        alone = Row(it.measurement, it.time_ms, {**it.tags, "depth_cm": ""}, known)
        if known:
            (moved,) = present([alone])
            assert (moved.point.fields, moved.point.time_ms) == (known, it.time_ms)
            assert admit([moved.point], NOW)[1] == []
