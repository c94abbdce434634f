from __future__ import annotations

from threading import Event

import pytest

from sinks.storage import Storage
from tests.sinks.feed_contract import SINK, FeedContract, House, appender, recall

__all__ = ["appender"]

pytestmark = pytest.mark.server("kafka")


@pytest.fixture
def house(storage: Storage) -> House:
    return House(
        storage.open_appender,
        lambda: storage.open_feed(SINK, Event(), recall),
        storage.open_accounting,
        storage.open_letters,
    )


class TestKafka(FeedContract):
    """Both ends of a journal on a real broker."""
