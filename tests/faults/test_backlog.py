"""A backlog of a million messages: drained in bounded memory, shown as it shrinks; live values do not wait for it.

Locally a tenth of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sinks.model import Envelope
from sinks.ports import Selection
from sinks.storage import Storage
from tests.door import started
from tests.faults.city import ROOMY, TOPIC, frame, identity, publish, settle_in
from tests.faults.intake import all_is_accounted_for, outcomes, received, working
from tests.servers import mosquitto
from tests.servers.process import wait_for
from tests.test_way import variables

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.timeout(900)]

BACKLOG = 1_000_000 if os.environ.get("CI") == "true" else 100_000
LIVE = 200
AT_ONCE = 1000
MOST_MB = 160
"""Resident: an intake without a backlog takes some 95."""


def lay_down(storage: Storage, messages: int) -> None:
    """The journal of an intake whose store was away for a while: a message a millisecond, ending a minute ago."""
    began = datetime.now(UTC) - timedelta(milliseconds=messages, minutes=1)
    with closing(storage.open_journal()) as journal:
        for first in range(0, messages, AT_ONCE):
            times = [(n, began + timedelta(milliseconds=n)) for n in range(first, first + AT_ONCE)]
            journal.append([Envelope("main", None, TOPIC, frame(n, at), int(at.timestamp() * 1e9)) for n, at in times])


def most_resident_mb(pid: int) -> float:
    """The highest resident memory of that process so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def is_shown(storage: Storage, number: int) -> bool:
    """Whether the newest row of its device is of this message."""
    device, counter = identity(number)
    with closing(storage.open_reader()) as reader:
        rows = reader.latest(Selection("bin_level", 0, 2**53, device_id=device))
    return [row.fields.get("f_cnt") for row in rows] == [counter]


@contextmanager
def watched(storage: Storage, broker: mosquitto.Mosquitto) -> Iterator[list[dict[str, Any]]]:
    """The store's books as `smartcity status --watch` has shown them, filled in when the block ends."""
    log, shown = storage.data / "status.log", list[dict[str, Any]]()
    command = ("status", "--json", "--watch", "0.5")
    with started(*command, env=variables(storage, broker, 1), log=log):
        wait_for(lambda: bool(log.read_bytes()), 30, "the first look")
        yield shown
    shown += [json.loads(line)["sinks"]["embedded"] for line in log.read_text().splitlines() if line.endswith("}")]


def test_a_great_backlog_is_drained_in_bounded_memory_while_live_messages_are_kept(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    lay_down(storage, BACKLOG)
    sent = BACKLOG + LIVE
    with mosquitto.running(ROOMY) as broker:
        with watched(storage, broker) as shown, working(storage, broker) as intake:
            publish(broker, TOPIC, *(frame(number) for number in range(BACKLOG, sent)))
            wait_for(lambda: received(storage) == sent, 30, "the live messages in the journal")
            wait_for(lambda: is_shown(storage, sent - 1), 30, "the newest live value in the store")
            assert outcomes(storage)[0] < BACKLOG, "they waited for the backlog"
            wait_for(lambda: outcomes(storage)[0] == sent, 600, "the end of the backlog")
            assert most_resident_mb(intake.pid) < MOST_MB
            print(f"{BACKLOG} messages in {most_resident_mb(intake.pid):.0f} MB")  # noqa: T201
        answer = all_is_accounted_for(storage, broker, sent)
    assert (answer["code"], answer["wrong"]) == (0, [])
    assert all(look["balanced"] for look in shown)
    came = [look["cursor"] for look in shown]
    assert came == sorted(came)
    assert len(set(came)) > 4, "the backlog is not seen shrinking"
