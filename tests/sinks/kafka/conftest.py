"""One broker for the tests of this folder; topics of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.servers import kafka
from tests.sinks.kafka.storage import on_kafka


@pytest.fixture(scope="session")
def cluster() -> Iterator[kafka.Kafka]:
    with kafka.running() as cluster:
        yield cluster


@pytest.fixture
def storage(cluster: kafka.Kafka, tmp_path: Path) -> Storage:
    return on_kafka(tmp_path, cluster, partitions=4, replication=1)
