"""What of a codec's result is which quantity, and what is refused."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from decoders import QUANTITIES, Code, Decoded, Issue, Kind, Reading
from ingest.javascript.mapping import NORMALIZED, NoResult, plan, read
from ingest.javascript.settings import CodecSettings

DISTANCE = {"distance_mm": {"path": "level", "unit": "cm"}}


def declared(**said: Any) -> CodecSettings:
    return CodecSettings.model_validate({"file": Path("acme.js"), "ports": [2], **said})


def decoded(data: Any, **said: Any) -> Decoded:
    return read(plan(declared(**said)), {"data": data})


def only(found: Decoded) -> Reading:
    (reading,) = found.readings
    return reading


def refused(data: Any, **said: Any) -> str:
    with pytest.raises(NoResult) as problem:
        decoded(data, **said)
    return str(problem.value)


def test_a_number_becomes_the_quantity_in_its_unit() -> None:
    found = decoded({"level": 120, "other": "text"}, values=DISTANCE)
    assert (found.kind, only(found)) == (Kind.TELEMETRY, Reading({"distance_mm": 1200.0}))


def test_scale_and_offset_come_before_the_unit() -> None:
    values = {"temperature_c": {"path": "t", "unit": "°F", "scale": 0.1, "offset": 32}}
    assert only(decoded({"t": 360}, values=values)).values == {"temperature_c": 20.0}


def test_a_battery_stands_in_the_status_too() -> None:
    values = {"battery_v": {"path": "b", "unit": "mV"}}
    assert decoded({"b": 3600}, values=values).status == {"battery_v": 3.6}


@pytest.mark.parametrize("text", ["12.5", " 12.5 ", "12.5cm", "12.5 cm", "1.25e1"])
def test_a_number_in_a_text_is_read_where_that_is_declared(text: str) -> None:
    values = {"distance_mm": {"path": "level", "unit": "cm", "text": True}}
    assert only(decoded({"level": text}, values=values)).values == {"distance_mm": 125.0}


@pytest.mark.parametrize("text", ["", "cm", "12.5 mm", "NaN", "Infinity", "0x10", "1,5", "12.5cmcm", "1e999"])
def test_a_text_that_is_no_number_in_the_unit_is_refused(text: str) -> None:
    values = {"distance_mm": {"path": "level", "unit": "cm", "text": True}}
    assert "level is no number" in refused({"level": text}, values=values)


def test_a_number_in_a_text_is_refused_where_nobody_declared_it() -> None:
    assert "declare text = true" in refused({"level": "12.5"}, values=DISTANCE)


@pytest.mark.parametrize("raw", [True, False, [1], {"a": 1}, "far"])
def test_what_is_no_number_refuses_the_frame(raw: Any) -> None:
    assert "level is no number" in refused({"level": raw}, values=DISTANCE)


def test_a_value_that_cannot_be_true_is_none_and_the_others_stay() -> None:
    values = {**DISTANCE, "battery_pct": {"path": "b", "unit": "%"}}
    found = decoded({"level": 10, "b": -5}, values=values)
    assert only(found).values == {"distance_mm": 100.0, "battery_pct": None}
    assert [(issue.code, issue.field, issue.raw) for issue in found.issues] == [(Code.OUT_OF_RANGE, "battery_pct", -5)]


def test_a_frame_of_which_nothing_can_be_true_is_refused() -> None:
    assert "battery_pct is -5" in refused({"b": -5}, values={"battery_pct": {"path": "b", "unit": "%"}})


@pytest.mark.parametrize("raw", [None, 65535])
def test_a_declared_code_and_null_are_no_value(raw: Any) -> None:
    values = {"distance_mm": {"path": "level", "unit": "mm", "none": [65535]}}
    found = decoded({"level": raw}, values=values)
    assert only(found).values == {"distance_mm": None}
    assert found.issues[0][:3] == Issue(Code.SENSOR_FAULT, "distance_mm", raw)[:3]


def test_data_without_anything_declared_is_a_frame_without_measurements() -> None:
    assert decoded({"firmware": "1.2"}, values=DISTANCE) == Decoded(Kind.STATUS)


@pytest.mark.parametrize("data", [None, {}, [], 0, "", [1], "text", 5, True])
def test_what_is_no_object_is_no_result(data: Any) -> None:
    assert refused(data, values=DISTANCE)


def test_errors_of_the_codec_refuse_the_frame_in_its_own_words() -> None:
    with pytest.raises(NoResult, match="unknown port, too short") as problem:
        read(plan(declared(values=DISTANCE)), {"data": {"level": 1}, "errors": ["unknown port", "too short"]})
    assert problem.value.code is Code.JS_ERROR


def test_several_probes_are_readings_of_their_own_channels() -> None:
    channels = {d: {"soil_moisture_pct": {"path": f"m{d}", "unit": "%"}} for d in ("10", "30")}
    found = decoded({"m10": 20, "m30": 25, "b": 3}, channels=channels, values={"battery_v": {"path": "b", "unit": "V"}})
    assert [(r.channel, dict(r.values)) for r in found.readings] == [
        (None, {"battery_v": 3.0}),
        ("10", {"soil_moisture_pct": 20.0}),
        ("30", {"soil_moisture_pct": 25.0}),
    ]


def test_a_list_of_readings_has_a_time_each_and_an_untrue_one_is_left_out() -> None:
    rows = [{"level": 1, "at": "2026-05-28T20:00:00Z"}, {"level": 2, "at": 1_780_000_000}, {"level": 3, "at": 5}]
    found = decoded({"rows": rows}, values=DISTANCE, each="rows", time="at")
    assert [(r.time_ms, r.values["distance_mm"]) for r in found.readings] == [
        (1_779_998_400_000, 10.0),
        (1_780_000_000_000, 20.0),
    ]
    assert [issue.field for issue in found.issues] == ["time"]


def test_an_unreadable_time_refuses_the_frame() -> None:
    assert "neither RFC 3339" in refused({"level": 1, "at": "yesterday"}, values=DISTANCE, time="at")


def test_a_list_that_is_not_there_is_a_frame_without_measurements() -> None:
    assert decoded({"rows2": []}, values=DISTANCE, each="rows") == Decoded(Kind.STATUS)


def test_the_normalized_schema_is_known_with_its_units_and_depths() -> None:
    said = [
        {"time": "2026-05-28T20:00:00Z", "battery": 3.1, "air": {"temperature": 21, "relativeHumidity": 40}},
        {"soil": {"depth": 30, "moisture": 25, "temperature": 12, "ec": 0.5, "pH": 6.5, "n": 1, "p": 2, "k": 3}},
    ]
    found = read(NORMALIZED, {"data": {"whatever": 1}, "normalized": said})
    assert [(r.time_ms, r.channel, dict(r.values)) for r in found.readings] == [
        (1_779_998_400_000, None, {"battery_v": 3.1, "temperature_c": 21.0, "humidity_pct": 40.0}),
        (
            None,
            "30",
            {
                "soil_moisture_pct": 25.0,
                "soil_temperature_c": 12.0,
                "soil_ec_us_cm": 500.0,
                "soil_ph": 6.5,
                "soil_n_mg_kg": 1.0,
                "soil_p_mg_kg": 2.0,
                "soil_k_mg_kg": 3.0,
            },
        ),
    ]


def test_a_normalized_battery_in_percent_is_no_voltage() -> None:
    with pytest.raises(NoResult, match="battery_v is 95"):
        read(NORMALIZED, {"normalized": {"battery": 95}})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"ports": []}, "at least 1"),
        ({"ports": [224]}, "223"),
        ({"file": None}, "repository"),
        ({"repository": "/srv/devices"}, "repository"),
        ({"file": None, "repository": "/srv/devices", "model": "../x"}, "model"),
        ({"values": {"distance_m": {"path": "a", "unit": "m"}}}, "distance_mm"),
        ({"values": {"distance_mm": {"path": "a", "unit": "ft"}}}, "unit 'ft'"),
        ({"values": {"distance_mm": {"path": "$topic[1]", "unit": "mm"}}}, "not told the topic"),
        ({"values": {"distance_mm": {"path": "a..b", "unit": "mm"}}}, "not understood"),
        ({"values": {"distance_mm": {"path": "a", "unit": "mm", "none": [float("nan")]}}}, "finite"),
        ({"each": "rows"}, "normalizeUplink"),
        ({"values": DISTANCE, "each": "a]"}, "not understood"),
    ],
)
def test_a_declaration_that_cannot_work_says_why(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        declared(**said)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abt"), inner, max_size=3),
    max_leaves=12,
)
PLANS = [
    plan(declared(values={"distance_mm": {"path": "a", "unit": "m"}, "battery_v": {"path": "b.a", "unit": "mV"}})),
    plan(declared(values={"soil_vwc": {"path": "b", "unit": "%", "text": True}}, each="a", time="t")),
    NORMALIZED,
]


@given(found=JSON, data=JSON, planned=st.sampled_from(PLANS))
def test_whatever_a_codec_says_gives_sound_values_or_a_reason(found: Any, data: Any, planned: Any) -> None:
    result = {"data": data, "normalized": {"soil": found, "battery": data}} if found else data
    try:
        decoded = read(planned, result)
    except NoResult:
        return
    for reading in decoded.readings:
        for key, value in reading.values.items():
            assert key in planned.quantities
            if value is not None:
                assert isinstance(value, float)
                assert isfinite(value)
                assert QUANTITIES[key].low <= value <= QUANTITIES[key].high
            else:
                assert key in {issue.field for issue in decoded.issues}
