"""A clock that jumps while the intake runs: rows have the network server's time, so none moves and none is lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.faults.city import ROOMY, TOPIC, frame, identity, load, publish, settle_in
from tests.faults.intake import all_is_accounted_for, frames_in, has_settled, received, stored, working
from tests.servers import mosquitto
from tests.servers.process import wait_for

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.timeout(180)]

JUMPING = str(Path(__file__).with_name("jumping.py"))
HOUR = 3600
TO_1970 = HOUR - int(time.time())


def set_clock(file: Path, fast_s: int) -> None:
    new = file.with_suffix(".new")
    new.write_text(str(fast_s))
    new.replace(file)


@pytest.mark.parametrize(
    "fast_s", [pytest.param(2 * HOUR, id="+2h"), pytest.param(-2 * HOUR, id="-2h"), pytest.param(TO_1970, id="1970")]
)
def test_a_clock_that_jumps_and_comes_back_loses_no_frame_and_moves_no_row(tmp_path: Path, fast_s: int) -> None:
    storage, clock = Storage(data=tmp_path / "data"), tmp_path / "clock"
    settle_in(storage)
    set_clock(clock, 0)
    with mosquitto.running(ROOMY) as broker:
        with working(storage, broker, (JUMPING, str(clock))):
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 300, 30, "messages at the right time")
                set_clock(clock, fast_s)
                then = publisher.sent + 300
                wait_for(lambda: received(storage) > then, 30, "messages at a wrong time")
                again = 100
                publish(broker, TOPIC, *(frame(number, publisher.times[number]) for number in range(again)))
                set_clock(clock, 0)
                then = publisher.sent + 300
                wait_for(lambda: received(storage) > then, 30, "messages at the right time again")
            wait_for(lambda: has_settled(storage, publisher.sent), 60, "all messages")
        answer = all_is_accounted_for(storage, broker, publisher.sent)
    assert (answer["code"], answer["wrong"]) == (0, [])
    assert answer["sinks"]["embedded"]["duplicates"] == again
    assert frames_in(storage) == {identity(n): publisher.time_ms(n) for n in range(publisher.sent)}
