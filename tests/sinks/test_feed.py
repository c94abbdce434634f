from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from sinks.feed import FileBell, LocalFeed
from sinks.journal import SqliteJournal
from sinks.ledger import SqliteLedger
from sinks.model import Envelope
from sinks.storage import Storage
from tests.sinks.feed_contract import SINK, FeedContract, House, appender, recall

__all__ = ["appender"]


@pytest.fixture
def house(tmp_path: Path) -> House:
    storage = Storage(data=tmp_path)
    return House(
        storage.open_appender,
        lambda: storage.open_feed(SINK, Event(), recall),
        storage.open_accounting,
        storage.open_letters,
    )


class TestLocal(FeedContract):
    """Both ends of the journal on this machine."""


def envelope(number: int) -> Envelope:
    return Envelope("s", None, None, b"%d" % number, number)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(tmp_path / "journal.db")) as journal:
        yield journal


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[FileBell]:
    with closing(FileBell(tmp_path / "journal.db")) as bell:
        yield bell


def test_what_follows_a_batch_is_given_before_that_is_settled(tmp_path: Path) -> None:
    with closing(LocalFeed(SqliteJournal(tmp_path / "j.db"), SqliteLedger(tmp_path / "l.db"), "embedded")) as feed:
        feed.journal.append([envelope(number) for number in range(5)])
        first = feed.take(2, 0)
        second = feed.behind(first, 2)
        third = feed.behind(second, 2)
        assert [[entry.offset for entry in one[0].entries] for one in (first, second, third)] == [[1, 2], [3, 4], [5]]
        assert feed.behind(third, 2) == []
        assert [entry.offset for entry in feed.take(9, 0)[0].entries] == [1, 2, 3, 4, 5]


def test_a_bell_rings_for_what_another_connection_writes_after_it_was_cleared(
    journal: SqliteJournal, bell: FileBell
) -> None:
    bell.clear()
    writer = Thread(target=journal.append, args=([envelope(1)],))
    writer.start()
    assert bell.wait(10)
    writer.join()


def test_a_bell_rings_also_for_what_came_between_clearing_and_waiting(journal: SqliteJournal, bell: FileBell) -> None:
    bell.clear()
    journal.append([envelope(1)])
    assert bell.wait(0)


def test_a_cleared_bell_is_silent_until_the_time_is_up(journal: SqliteJournal, bell: FileBell) -> None:
    journal.append([envelope(1)])
    bell.clear()
    assert not bell.wait(0.02)


def test_a_bell_that_waits_long_costs_next_to_nothing(bell: FileBell) -> None:
    bell.clear()
    before = os.times()
    assert not bell.wait(3)
    after = os.times()
    assert after.user + after.system - before.user - before.system < 0.5  # a loop without pauses takes three seconds


def test_a_bell_survives_that_the_file_is_compacted(journal: SqliteJournal, bell: FileBell, tmp_path: Path) -> None:
    journal.append([envelope(1)])
    with closing(sqlite3.connect(tmp_path / "journal.db")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    bell.clear()
    journal.append([envelope(2)])
    assert bell.wait(10)
