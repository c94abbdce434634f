from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest import keep
from ingest.keep import Keeper
from sinks.errors import Unavailable
from sinks.journal import SqliteJournal
from sinks.model import Envelope
from tests.ingest.house import envelope
from tests.servers.process import wait_for


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.db")


@contextmanager
def running(keeper: Keeper) -> Iterator[Event]:
    stop = Event()
    thread = Thread(target=keeper.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_the_source_hears_only_what_is_in_the_journal_and_in_order(journal: SqliteJournal) -> None:
    grown, all_kept = Event(), Event()
    told: list[tuple[int, int]] = []
    keeper = Keeper(journal, [grown])

    def kept(number: int) -> None:
        told.append((number, journal.bounds()[1]))
        if number == 99:
            all_kept.set()

    with running(keeper) as stop:
        for number in range(100):
            keeper.offer([envelope(b"%d" % number)], lambda n=number: kept(n), stop)  # type: ignore[misc]
        assert all_kept.wait(10)

    assert [number for number, _ in told] == list(range(100))
    assert all(newest > number for number, newest in told)
    assert grown.is_set()


def test_what_was_offered_before_the_stop_is_still_kept(journal: SqliteJournal) -> None:
    keeper = Keeper(journal, [])
    for number in range(5):
        assert keeper.offer([envelope(b"%d" % number)], lambda: None, Event())
    with running(keeper):
        pass
    assert journal.bounds() == (1, 5)


def test_a_full_inbox_makes_the_source_wait_until_it_is_told_to_stop(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "INBOX", 1)
    keeper, stop = Keeper(journal, []), Event()
    assert keeper.offer([envelope(b"1")], lambda: None, stop)
    refused: list[bool] = []
    waiting = Thread(target=lambda: refused.append(keeper.offer([envelope(b"2")], lambda: None, stop)))
    waiting.start()
    stop.set()
    waiting.join(timeout=10)
    assert refused == [False]


class FullDisk(SqliteJournal):
    """A journal whose disk is full for the first tries."""

    failures = 2

    def append(self, envelopes: Sequence[Envelope]) -> int:
        if self.failures:
            self.failures -= 1
            raise Unavailable("database or disk is full")
        return super().append(envelopes)


def test_a_full_disk_delays_the_acknowledgement_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keep, "_RETRY_S", 0.01)
    journal, kept = FullDisk(tmp_path / "journal.db"), Event()
    keeper = Keeper(journal, [])
    with running(keeper) as stop:
        keeper.offer([envelope(b"1")], kept.set, stop)
        assert kept.wait(10)
    assert journal.bounds() == (1, 1)
    assert "disk is full" in caplog.text


def test_a_journal_that_takes_nothing_for_long_is_trouble_until_it_takes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "_RETRY_S", 0.01)
    monkeypatch.setattr(keep, "TROUBLE_S", 0.0)
    journal = FullDisk(tmp_path / "journal.db")
    journal.failures = 1_000_000
    keeper = Keeper(journal, [])
    with running(keeper) as stop:
        assert keeper.trouble is None
        keeper.offer([envelope(b"1")], lambda: None, stop)
        wait_for(lambda: keeper.trouble == "database or disk is full", 10, "the trouble")
        journal.failures = 0
        wait_for(lambda: keeper.trouble is None, 10, "its end")


def test_told_to_stop_while_the_disk_is_full_nothing_is_acknowledged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = FullDisk(tmp_path / "journal.db")
    journal.failures = 1000
    keeper, kept = Keeper(journal, []), Event()
    keeper.offer([envelope(b"1")], kept.set, Event())
    with running(keeper):
        pass
    assert not kept.is_set()
    assert "not acknowledged" in caplog.text
