"""One InfluxDB for all tests of the sinks, with a bucket for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import influxdb

pytest.register_assert_rewrite("tests.sinks.contract")


@pytest.fixture(scope="session")
def influxdb_server() -> Iterator[influxdb.Influxdb]:
    with influxdb.running() as server:
        yield server


@pytest.fixture
def bucket(influxdb_server: influxdb.Influxdb) -> influxdb.Influxdb:
    return influxdb_server.fresh_bucket()
