"""InfluxDB in a bad night: away, hanging, busy, or refusing one value, while messages go on coming.

Always with the real intake and a real server; what a healthy server never answers comes from a front before it.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import httpx
import pytest

from sinks.storage import Storage
from tests.faults.city import ROOMY, TOPIC, frame, load, publish, settle_in
from tests.faults.intake import account, all_is_accounted_for, has_settled, said, stored, working
from tests.servers import influxdb, mosquitto
from tests.servers.process import wait_for

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.server("influxdb"), pytest.mark.timeout(300)]


def stored_on(server: influxdb.Influxdb, folder: Path) -> Storage:
    storage = Storage(data=folder / "data", store=server.store(timeout_s=2))
    settle_in(storage)
    return storage


@pytest.mark.parametrize("fault", ["killed", "hanging"])
def test_while_influxdb_is_away_messages_wait_and_then_all_are_stored_once(tmp_path: Path, fault: str) -> None:
    with influxdb.running() as server, mosquitto.running(ROOMY) as broker:
        storage = stored_on(server, tmp_path)
        with working(storage, broker):
            with load(broker) as publisher:
                wait_for(lambda: stored(storage) > 100, 30, "the first stored messages")
                server.process.kill() if fault == "killed" else server.process.pause()
                wait_for(lambda: "influxdb is away" in said(storage), 60, "word that the store is away")
                wait_for(lambda: account(storage).in_flight > 1000, 60, "a backlog")
                assert account(storage).balanced
                server.process.start() if fault == "killed" else server.process.resume()
            wait_for(lambda: has_settled(storage, publisher.sent), 90, "the end of the backlog")
        all_is_accounted_for(storage, broker, publisher.sent)
        assert server.write_token not in said(storage)


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
