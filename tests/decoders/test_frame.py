"""What every decoder shares: limits, time, and the device's condition in the status."""

from __future__ import annotations

import pytest

from decoders import Code, Issue, Kind, Reading
from decoders.frame import Values, assemble, check_limits, device_time_ms, refuse_length


def test_a_value_outside_its_physical_limits_is_taken_out_with_a_reason() -> None:
    values: Values = {"temperature_c": 327.6, "battery_v": 3.3}
    issues: list[Issue] = []
    check_limits(values, issues)
    assert values == {"temperature_c": None, "battery_v": 3.3}
    assert [(issue.code, issue.field, issue.raw) for issue in issues] == [(Code.OUT_OF_RANGE, "temperature_c", 327.6)]


def test_a_value_on_its_limit_stays() -> None:
    values: Values = {"battery_pct": 100.0, "soil_vwc": -0.7}
    issues: list[Issue] = []
    check_limits(values, issues)
    assert values == {"battery_pct": 100.0, "soil_vwc": -0.7}
    assert issues == []


@pytest.mark.parametrize("epoch_s", [1_420_070_400, 1_700_000_000, 4_102_444_799])
def test_a_device_clock_that_was_set_is_trusted(epoch_s: int) -> None:
    issues: list[Issue] = []
    assert device_time_ms(epoch_s, issues) == epoch_s * 1000
    assert issues == []


@pytest.mark.parametrize("epoch_s", [0, 3_600, 1_420_070_399, 4_102_444_800, 0xFFFF_FFFF])
def test_a_device_clock_that_was_not_set_gives_no_time_and_a_reason(epoch_s: int) -> None:
    issues: list[Issue] = []
    assert device_time_ms(epoch_s, issues) is None
    assert [(issue.code, issue.field, issue.raw) for issue in issues] == [(Code.OUT_OF_RANGE, "time", epoch_s)]


def test_the_status_mirrors_battery_and_tilt_but_no_measurement_and_no_gap() -> None:
    readings = (Reading({"battery_v": 3.2, "distance_mm": 1000.0}), Reading({"battery_v": 3.1, "tilted": None}))
    decoded = assemble(Kind.TELEMETRY, readings, {"firmware": "1.0"})
    assert decoded.status == {"firmware": "1.0", "battery_v": 3.1}


@pytest.mark.parametrize(("length", "code"), [(7, Code.TOO_SHORT), (9, Code.WRONG_LENGTH)])
def test_a_wrong_length_is_too_short_or_simply_wrong(length: int, code: Code) -> None:
    decoded = refuse_length(bytes(length), 8)
    assert (decoded.kind, decoded.issues[0].code, decoded.unparsed) == (Kind.ERROR, code, bytes(length))
