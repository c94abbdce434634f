from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.sinks.feed_contract import message
from tests.sinks.past_contract import PastContract, appender, everything, past

__all__ = ["appender", "past"]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(data=tmp_path)


class TestLocal(PastContract):
    """One file on this machine."""


def test_what_was_trimmed_is_gone_and_counted(storage: Storage) -> None:
    with closing(storage.open_journal()) as journal, closing(storage.open_past()) as past:
        journal.append([message(number) for number in range(10)])
        journal.trim(4)
        (stretch,) = past.stretches(0)
        assert (stretch.gone, stretch.number) == (4, 6)
        assert [entry.offset for entry in everything(past)] == [5, 6, 7, 8, 9, 10]
