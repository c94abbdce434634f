"""One InfluxDB of each generation for all tests of the sinks, with a bucket for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import influxdb, influxdb1
from tests.servers.influxdb import Influxdb

pytest.register_assert_rewrite("tests.sinks.contract")

SERVERS = ("influxdb", "influxdb1")


@pytest.fixture(scope="session")
def influxdb_two() -> Iterator[Influxdb]:
    with influxdb.running() as server:
        yield server


@pytest.fixture(scope="session")
def influxdb_one() -> Iterator[Influxdb]:
    with influxdb1.running() as server:
        yield server


@pytest.fixture(scope="session", params=[pytest.param(name, marks=pytest.mark.server(name)) for name in SERVERS])
def influxdb_server(request: pytest.FixtureRequest) -> Influxdb:
    """Each of them in turn: a test that asks for it is true of both."""
    server: Influxdb = request.getfixturevalue({"influxdb": "influxdb_two", "influxdb1": "influxdb_one"}[request.param])
    return server


@pytest.fixture
def bucket(influxdb_server: Influxdb) -> Influxdb:
    return influxdb_server.fresh_bucket()


@pytest.fixture
def bucket_of_two(influxdb_two: Influxdb) -> Influxdb:
    return influxdb_two.fresh_bucket()


@pytest.fixture
def bucket_of_one(influxdb_one: Influxdb) -> Influxdb:
    return influxdb_one.fresh_bucket()
