"""One broker for the tests of a module; topics of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from sinks.storage import Storage
from tests.servers import kafka


@pytest.fixture(scope="module")
def cluster() -> Iterator[kafka.Kafka]:
    with kafka.running() as cluster:
        yield cluster


@pytest.fixture
def storage(cluster: kafka.Kafka, tmp_path: Path) -> Storage:
    return on_kafka(tmp_path, cluster, partitions=4, replication=1)


def on_kafka(data: Path, cluster: kafka.Kafka, **more: object) -> Storage:
    """A data folder whose journal is on this cluster, under a prefix that nobody else has."""
    chosen = {"bootstrap": cluster.bootstrap, "topic_prefix": f"test-{token_hex(4)}"} | more
    return Storage.model_validate({"data": data, "journal": {"kind": "kafka", "kafka": chosen}})
