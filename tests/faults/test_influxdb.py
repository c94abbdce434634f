"""InfluxDB in a bad night: away, hanging, busy, or refusing one value, while messages go on coming.

Always with the real intake and a real server; what a healthy server never answers comes from a front before it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from sinks.storage import Storage
from tests.faults.city import RATE, ROOMY, TOPIC, eui, frame, load, publish, settle_in
from tests.faults.front import Answer, Front, before
from tests.faults.intake import account, all_is_accounted_for, has_settled, rows, said, status, stored, working
from tests.servers import influxdb, mosquitto
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import wait_for

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.server("influxdb"), pytest.mark.timeout(300)]


AWAY_S = 60 if os.environ.get("CI") == "true" else 8
ODD, ODD_VALUE = 17, b"distance_mm=1017.0"
"""The frame of which something is refused, and what only its line says."""


def stored_on(server: influxdb.Influxdb, folder: Path) -> Storage:
    storage = Storage(data=folder / "data", store=server.store(timeout_s=2))
    settle_in(storage)
    return storage


def test_influxdb_killed_under_load_is_waited_for_and_the_backlog_drained_beside_live_data(tmp_path: Path) -> None:
    with influxdb.running() as server, mosquitto.running(ROOMY) as broker:
        storage = stored_on(server, tmp_path)
        with working(storage, broker):
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 100, 30, "the first stored messages")
                server.process.kill()
                wait_for(lambda: account(storage).in_flight > AWAY_S * RATE, 3 * AWAY_S + 30, "a backlog of that time")
                answer = status(storage, broker, "--stalled-after", "1")
                assert answer["code"] == 1
                assert "influxdb: stands still" in answer["wrong"][0]
                assert answer["sinks"]["influxdb"]["balanced"]
                server.process.start()
                wait_for(lambda: account(storage).in_flight < RATE, 120, "the end of the backlog while messages come")
            wait_for(lambda: has_settled(storage, publisher.sent), 30, "all messages")
        answer = all_is_accounted_for(storage, broker, publisher.sent)
        assert (answer["code"], answer["wrong"]) == (0, [])
        assert "influxdb is away" in said(storage)
        assert server.write_token not in said(storage)


def test_influxdb_hanging_under_load_is_given_up_waited_for_and_all_is_stored_once(tmp_path: Path) -> None:
    with influxdb.running() as server, mosquitto.running(ROOMY) as broker:
        storage = stored_on(server, tmp_path)
        with working(storage, broker):
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 100, 30, "the first stored messages")
                server.process.pause()
                wait_for(lambda: "influxdb is away" in said(storage), 60, "word that the store is away")
                wait_for(lambda: account(storage).in_flight > 1000, 60, "a backlog")
                assert account(storage).balanced
                server.process.resume()
            wait_for(lambda: has_settled(storage, publisher.sent), 90, "the end of the backlog")
        all_is_accounted_for(storage, broker, publisher.sent)


def spoil(server: influxdb.Influxdb) -> None:
    """As another program might have done: an integer where we write a float, in today's shard."""
    with httpx.Client(headers={"Authorization": f"Token {server.write_token}"}) as client:
        where = {"org": server.org, "bucket": server.bucket}
        line = "bin_level,tenant=other temperature_c=1i"
        client.post(f"{server.url}/api/v2/write", params=where, content=line).raise_for_status()


def test_a_value_whose_type_the_database_has_spoilt_costs_that_value_only(tmp_path: Path) -> None:
    """The case that stops other agents for good: 422 for the batch, unacknowledged for ever."""
    with influxdb.running() as server, mosquitto.running(ROOMY) as broker:
        storage = stored_on(server, tmp_path)
        spoil(server)
        sent = 300
        with working(storage, broker):
            publish(broker, TOPIC, *(frame(number) for number in range(sent)))
            wait_for(lambda: has_settled(storage, sent), 60, "all messages")
        all_is_accounted_for(storage, broker, sent)
        with closing(storage.open_ledger()) as ledger:
            assert ledger.dead_letter_counts() == {"write/field_type": sent}


@contextmanager
def fronted(folder: Path, decide: Callable[[bytes], Answer | None]) -> Iterator[tuple[Storage, Front, Mosquitto]]:
    """A house that writes to a real InfluxDB through a front that decides so."""
    with influxdb.running() as server, before(server.url) as front, mosquitto.running(ROOMY) as broker:
        front.decide = decide
        yield stored_on(replace(server, url=front.url), folder), front, broker


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_influxdb_is_left_alone_for_as_long_as_it_asks_and_nothing_is_lost(tmp_path: Path, code: int) -> None:
    busy = [Answer(code, b'{"message":"busy"}', (("Retry-After", "1"),))] * 3
    with fronted(tmp_path, lambda _: busy.pop() if busy else None) as (storage, front, broker):
        with working(storage, broker):
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 500, 60, "the first stored messages")
            wait_for(lambda: has_settled(storage, publisher.sent), 60, "all messages")
        all_is_accounted_for(storage, broker, publisher.sent)
        assert said(storage).count(f"answers {code}: busy; trying again in 1 s") == 3
        assert min(then - now for now, then in pairwise(front.writes_s[:4])) >= 1


def refused_at_first(body: bytes) -> Answer | None:
    """A 400 as InfluxDB gives it: the line is named, and nothing of the batch is stored."""
    named = [line for line in body.splitlines() if ODD_VALUE in line]
    said = b"".join(b"unable to parse '%s': no" % line for line in named)
    return Answer(400, json.dumps({"code": "invalid", "message": said.decode()}).encode()) if named else None


def test_a_line_that_a_400_names_is_one_dead_letter_and_all_others_are_stored(tmp_path: Path) -> None:
    sent = 500
    with fronted(tmp_path, refused_at_first) as (storage, _, broker):
        with working(storage, broker):
            publish(broker, TOPIC, *(frame(number) for number in range(sent)))
            wait_for(lambda: has_settled(storage, sent - 1, 1), 60, "all messages")
        all_is_accounted_for(storage, broker, sent - 1, 1)
        with closing(storage.open_ledger()) as ledger:
            (letter,) = ledger.dead_letters()
    assert (letter.reason, letter.device) == ("write/server", eui(ODD))
    assert "unable to parse" in letter.detail


def written_in_part(body: bytes) -> Answer | None:
    """A 422 as InfluxDB gives it: one reason, a number, no line; the other lines are stored."""
    lines = body.splitlines()
    rest = [line for line in lines if ODD_VALUE not in line]
    reason = 'input field "distance_mm" on measurement "bin_level" is type float, already exists as type integer'
    said = {"code": "unprocessable entity", "message": f"partial write: field type conflict: {reason} dropped=1"}
    return Answer(422, json.dumps(said).encode(), passed_on=b"\n".join(rest)) if rest != lines else None


def test_a_value_that_a_422_means_is_one_dead_letter_and_the_rest_of_its_row_is_stored(tmp_path: Path) -> None:
    sent = 500
    with fronted(tmp_path, written_in_part) as (storage, _, broker):
        with working(storage, broker):
            publish(broker, TOPIC, *(frame(number) for number in range(sent)))
            wait_for(lambda: has_settled(storage, sent), 60, "all messages")
        all_is_accounted_for(storage, broker, sent)
        without = [row.tags["device_id"] for row in rows(storage, "bin_level") if "distance_mm" not in row.fields]
        with closing(storage.open_ledger()) as ledger:
            (letter,) = ledger.dead_letters()
    assert without == [eui(ODD)]
    assert (letter.reason, letter.device) == ("write/field_type", eui(ODD))
    assert "distance_mm" in letter.detail
