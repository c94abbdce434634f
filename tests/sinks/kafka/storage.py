"""A journal on a real cluster."""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex

from sinks.storage import Storage
from tests.servers.kafka import Kafka


def on_kafka(data: Path, cluster: Kafka, **more: object) -> Storage:
    """A data folder whose journal is on this cluster, under a prefix that nobody else has."""
    chosen = {"bootstrap": cluster.bootstrap, "topic_prefix": f"test-{token_hex(4)}"} | more
    return Storage.model_validate({"data": data, "journal": {"kind": "kafka", "kafka": chosen}})
