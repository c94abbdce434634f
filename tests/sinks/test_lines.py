"""Line protocol: what is written is what any reader of the format reads, and the official client says the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client.client.write.point import Point as OfficialPoint
from influxdb_client.domain.write_precision import WritePrecision

from sinks import guard
from sinks.guard import Limits, admit
from sinks.influxdb.lines import line
from sinks.influxdb.schema import MEASUREMENTS, TAGS
from sinks.model import Field, Point, Quality, Series

NOW = 1_790_000_000_000
TEXT = st.text(max_size=40)
NUMBERS: dict[type[Field], st.SearchStrategy[Field]] = {
    float: st.floats(allow_nan=False, allow_infinity=False),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    str: TEXT,
}


@st.composite
def points(draw: st.DrawFn) -> Point:
    measurement = draw(st.sampled_from(sorted(MEASUREMENTS)))
    optional = {name: NUMBERS[kind] for name, kind in MEASUREMENTS[measurement].items()}
    fields = draw(st.fixed_dictionaries({}, optional=optional))
    series = Series(measurement, draw(TEXT), draw(TEXT), draw(TEXT), draw(TEXT), draw(TEXT))
    return Point(series, draw(st.integers(1_500_000_000_000, NOW)), fields)


def admitted(point: Point) -> list[Point]:
    return admit([point], NOW)[0]


def official(point: Point) -> str:
    it = OfficialPoint(point.series.measurement).time(point.time_ms, WritePrecision.MS)  # type: ignore[no-untyped-call]
    for name in TAGS:
        it.tag(name, getattr(point.series, name))
    for name, value in point.fields.items():
        it.field(name, value)
    return str(it.to_line_protocol())


HEAD = re.compile(r"(?:\\[,= ]|[^ ])+")
FIELD = re.compile(r'(\w+)=("(?:\\["\\]|[^"\\])*"|[^,"]+)(?:,|$)')


def parse(text: str) -> Point:
    """The other way round, by the rules of the format and not by our code."""
    found = HEAD.match(text)
    assert found
    fields, _, time_ms = text[found.end() + 1 :].rpartition(" ")
    measurement, *tags = re.split(r"(?<!\\),", found.group())
    named = dict(re.split(r"(?<!\\)=", tag) for tag in tags)
    series = Series(measurement, *(re.sub(r"\\([,= ])", r"\1", named.get(name, "")) for name in TAGS))
    return Point(series, int(time_ms), dict(_value(*item) for item in FIELD.findall(fields)))


def _value(name: str, value: str) -> tuple[str, Field]:
    if value.startswith('"'):
        return name, re.sub(r"\\([\"\\])", r"\1", value[1:-1])
    if value in ("true", "false"):
        return name, value == "true"
    return name, int(value[:-1]) if value.endswith("i") else float(value)


@given(points())
def test_what_is_written_is_read_back_by_the_rules_of_the_format(point: Point) -> None:
    for good in admitted(point):
        text = line(good).decode()
        assert parse(text) == good
        assert "\n" not in text


@given(points())
def test_the_official_client_writes_the_same(point: Point) -> None:
    for good in admitted(point):
        ours, theirs = line(good).decode(), official(good)
        assert parse(ours) == parse(theirs)
        assert ours.partition(" ")[0] == theirs.partition(" ")[0]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"level_pct": 80.0}, "level_pct=80.0"),
        ({"level_pct": 80}, "level_pct=80.0"),
        ({"level_pct": -0.5e-7}, "level_pct=-5e-08"),
        ({"level_pct": 1e22}, "level_pct=1e+22"),
        ({"quality": 3, "offset": -1}, "quality=3i,offset=-1i"),
        ({"quality": Quality.SUSPECT}, "quality=3i"),
        ({"decoder": 'a "b" \\ c, d=e'}, 'decoder="a \\"b\\" \\\\ c, d=e"'),
    ],
)
def test_a_number_is_a_float_a_counter_ends_in_i_and_a_text_is_quoted(fields: dict[str, Field], text: str) -> None:
    assert (
        line(Point(Series("bin_level", "o", "", "d"), NOW, fields))
        == f"bin_level,device_id=d,tenant=o {text} {NOW}".encode()
    )


def test_a_flag_is_written_in_full() -> None:
    said = line(Point(Series("device_status", "o", "", "d"), NOW, {"external_power": True}))
    assert b" external_power=true " in said


def test_tags_are_sorted_and_escaped_and_empty_ones_left_out() -> None:
    series = Series("soil", "Gießen, Nord", "a=b", "d 1", depth_cm="10")
    said = line(Point(series, NOW, {"soil_vwc": 0.25})).decode()
    assert said == f"soil,asset_id=a\\=b,depth_cm=10,device_id=d\\ 1,tenant=Gießen\\,\\ Nord soil_vwc=0.25 {NOW}"


def test_no_name_of_the_data_model_needs_escaping() -> None:
    names = [*MEASUREMENTS, *TAGS, *(name for fields in MEASUREMENTS.values() for name in fields)]
    assert [name for name in names if not re.fullmatch("[a-z][a-z0-9_]*", name)] == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("level_pct", "80", "field_type"),
        ("level_pct", True, "field_type"),
        ("level_pct", 2**53 + 1, "field_type"),
        ("quality", 1.0, "field_type"),
        ("quality", True, "field_type"),
        ("quality", 2**63, "field_type"),
        ("decoder", 1, "field_type"),
        ("level", 80.0, "unknown_field"),
        ("time", 80.0, "unknown_field"),
        ("level_pct", float("nan"), "not_finite"),
        ("level_pct", float("inf"), "not_finite"),
        ("level_pct", float("-inf"), "not_finite"),
        ("decoder", "two\nlines", "text"),
        ("decoder", "nul\x00", "text"),
        ("decoder", "half \ud83d", "text"),
        ("decoder", "x" * 4097, "text"),
    ],
)
def test_a_field_that_no_store_takes_is_taken_out_alone(field: str, value: Field, code: str) -> None:
    good, rejected = admit([Point(Series("bin_level", "o", "a", "d"), NOW, {field: value, "volume_l": 1.0})], NOW)
    assert [point.fields for point in good] == [{"volume_l": 1.0}]
    assert [(item.field, item.code) for item in rejected] == [(field, code)]


@pytest.mark.parametrize(
    ("series", "time_ms", "fields", "code"),
    [
        (Series("weather", "o", "a", "d"), NOW, {"level_pct": 1.0}, "unknown_field"),
        (Series("bin_level", "o\n", "a", "d"), NOW, {"level_pct": 1.0}, "text"),
        (Series("bin_level", "o", "a\\", "d"), NOW, {"level_pct": 1.0}, "text"),
        (Series("bin_level", "o", "\ud800", "d"), NOW, {"level_pct": 1.0}, "text"),
        (Series("bin_level", "o", "a" * 256, "d"), NOW, {"level_pct": 1.0}, "text"),
        (Series("bin_level", "o", "a", "d"), NOW // 1000, {"level_pct": 1.0}, "time_range"),
        (Series("bin_level", "o", "a", "d"), NOW * 1000, {"level_pct": 1.0}, "time_range"),
        (Series("bin_level", "o", "a", "d"), NOW + 86_400_001, {"level_pct": 1.0}, "time_range"),
        (Series("bin_level", "o", "a", "d"), NOW, {}, "empty"),
    ],
)
def test_a_row_that_no_store_takes_is_rejected_whole(
    series: Series, time_ms: int, fields: dict[str, Field], code: str
) -> None:
    good, rejected = admit([Point(series, time_ms, fields)], NOW)
    assert good == []
    assert [(item.field, item.code) for item in rejected] == [(None, code)]


def test_a_clock_that_was_never_set_refuses_no_row_for_being_ahead_of_it() -> None:
    point = Point(Series("bin_level", "o", "a", "d"), NOW, {"level_pct": 1.0})
    assert admit([point], 3_600_000) == ([point], [])
    never = Point(point.series, 2**63 // 1_000_000, point.fields)
    assert [item.code for item in admit([never], 3_600_000)[1]] == ["time_range"]


def test_a_row_of_only_bad_fields_is_rejected_once_and_whole() -> None:
    fields: dict[str, Field] = {"level_pct": float("nan"), "level": 1.0}
    good, rejected = admit([Point(Series("bin_level", "o", "a", "d"), NOW, fields)], NOW)
    assert good == []
    assert [(item.field, item.code) for item in rejected] == [(None, "not_finite")]
    assert "level: not in the data model" in rejected[0].detail


def test_series_of_ever_new_devices_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_SOUND", 3)
    limits, fields = Limits(), {"level_pct": 1.0}
    points = [Point(Series("bin_level", "o", "a", f"device-{number}"), NOW, fields) for number in range(20)]
    assert admit(points, NOW, limits) == (points, [])
    assert len(limits.sound) <= 3


def test_the_limits_can_be_moved() -> None:
    point = Point(Series("bin_level", "o", "a", "d"), 5, {"decoder": "long/1"})
    assert admit([point], NOW, Limits(earliest_ms=0))[1] == []
    assert [item.code for item in admit([point], NOW, Limits(earliest_ms=0, text=3))[1]] == ["text"]
