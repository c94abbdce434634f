from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from sinks.embedded.write import EmbeddedStore
from sinks.kafka.connection import Connection
from sinks.kafka.observations import Published
from sinks.kafka.settings import KafkaSettings
from sinks.model import Point, Series
from tests.servers.process import free_port


def test_what_is_stored_does_not_wait_for_a_live_feed_that_is_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    point = Point(Series("bin_level", "o", "bin-1", "24e124713b490001"), 1_780_000_000_000, {"level_pct": 40.0})
    nowhere = Connection(KafkaSettings(bootstrap=f"127.0.0.1:{free_port()}", observations=True))
    with closing(Published(EmbeddedStore(tmp_path / "store.db"), nowhere)) as store:
        assert store.name == "embedded"
        assert store.check() == []
        assert store.write([point]).accepted == 1
    assert "1 rows are missing in the live feed" in caplog.text
