from __future__ import annotations

import re
import subprocess
import sys

import pytest

from sinks.kafka.load import MAKERS, fleet, spread
from tests.door import ROOT


def test_every_device_counts_once_with_what_it_sends() -> None:
    found = spread(8_000, 12)
    assert sum(found.devices) == 8_000
    assert sum(found.uplinks_h) == 2_000 * sum(uplinks_h for _, uplinks_h in MAKERS)
    assert len({key for key, _ in fleet(8_000)}) == 8_000


@pytest.mark.parametrize("partitions", [24, 48, 96])
def test_no_partition_carries_much_more_than_the_mean(partitions: int) -> None:
    assert 1 <= spread(200_000, partitions).unevenness < 1.1


def test_boxes_of_consecutive_numbers_do_not_gather_on_some_partitions() -> None:
    found = spread(50_000, 96)
    assert max(found.devices) < 1.25 * 50_000 / 96
    assert min(found.devices) > 0.75 * 50_000 / 96


def test_the_simulation_can_be_called() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "sinks.kafka.load", "--devices", "1000", "--partitions", "4"],
        capture_output=True, text=True, check=True, cwd=ROOT, timeout=60,
    ).stdout  # fmt: skip
    assert re.search(r"1000 devices on 4 partitions: \d+ to \d+ each; 2 messages/s, .* times the mean", said)
