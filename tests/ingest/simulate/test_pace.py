from __future__ import annotations

import pytest

from ingest.simulate.pace import EPOCH_S, Pace


@pytest.mark.parametrize("speed", [1.0, 60.0, 10_000.0])
@pytest.mark.parametrize("phase", [0.0, 0.37, 0.999])
def test_a_frame_is_due_when_its_number_begins(speed: float, phase: float) -> None:
    pace, slot = Pace(speed), 123_456
    due_s = pace.due_s(1800, phase, slot)
    assert pace.slot(1800, phase, due_s + 1e-3) == slot
    assert pace.slot(1800, phase, due_s - 1e-3) == slot - 1


def test_at_the_usual_speed_half_an_hour_passes_in_thirty_seconds() -> None:
    pace = Pace()
    assert pace.due_s(1800, 0.5, 11) - pace.due_s(1800, 0.5, 10) == 30


def test_the_simulated_clock_runs_faster_from_the_beginning_of_the_city_on() -> None:
    assert Pace(60).moment(EPOCH_S + 10).simulated_s == 600
