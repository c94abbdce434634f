from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import retain
from ingest.retain import Plan, Retention, gone, held, plan
from sinks.books import Books
from sinks.journal import SqliteJournal
from sinks.model import DeadLetter, Envelope
from sinks.ports import Settlement
from sinks.storage import JournalSettings, Storage

DAY_NS = 24 * 3600 * 10**9
NOW_NS = 1_000 * DAY_NS
DAYS_30 = JournalSettings(keep_days=30)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(tmp_path / "journal.db")
    yield made
    made.close()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Storage(data=tmp_path).open_books()
    yield made
    made.close()


def keep(journal: SqliteJournal, number: int, kept_ns: int = NOW_NS, body: bytes = b"x") -> None:
    """So many messages that are in the journal since then, whatever they say of their arrival."""
    journal.append([Envelope("s", None, None, body, 1)] * number)
    journal.mark(kept_ns)


def trim(retention: Retention) -> int:
    return sum(retention.trim(retention.plan()))


def test_what_was_kept_longer_than_asked_for_goes_and_the_rest_stays(journal: SqliteJournal) -> None:
    keep(journal, 10, NOW_NS - 40 * DAY_NS)
    keep(journal, 10, NOW_NS - 31 * DAY_NS)
    keep(journal, 10, NOW_NS - 29 * DAY_NS)
    found = plan(journal, {"store": 30}, DAYS_30, NOW_NS)
    assert (found.through, found.entries, held(found)) == (20, 20, None)


def test_an_old_file_that_was_imported_today_is_not_old(journal: SqliteJournal) -> None:
    keep(journal, 10, NOW_NS)
    assert plan(journal, {"store": 10}, DAYS_30, NOW_NS + 29 * DAY_NS).entries == 0
    assert plan(journal, {"store": 10}, DAYS_30, NOW_NS + 30 * DAY_NS).entries == 10


def test_a_journal_that_is_too_large_loses_its_beginning(journal: SqliteJournal) -> None:
    keep(journal, 1_000, body=b"x" * 2_000)
    wanted = JournalSettings(keep_days=0, max_mb=1)
    found = plan(journal, {"store": 1_000}, wanted, NOW_NS)
    journal.trim(found.through)
    assert 0.9e6 < journal.size() <= 1.05e6


def test_without_limits_everything_stays(journal: SqliteJournal) -> None:
    keep(journal, 1_000, 1, body=b"x" * 2_000)
    assert plan(journal, {"store": 1_000}, JournalSettings(keep_days=0), NOW_NS).entries == 0


@pytest.mark.parametrize(
    ("wanted", "why"), [(DAYS_30, "keep_days"), (JournalSettings(keep_days=0, max_mb=1), "max_mb")]
)
def test_what_a_sink_has_not_settled_stays_and_the_reason_is_said(
    journal: SqliteJournal, wanted: JournalSettings, why: str
) -> None:
    keep(journal, 1_000, NOW_NS - 40 * DAY_NS, body=b"x" * 3_000)
    found = plan(journal, {"fast": 1_000, "slow": 100}, wanted, NOW_NS)
    assert found.through == 100
    sentence = held(found)
    assert sentence is not None
    assert f"journal.{why}" in sentence
    assert f"slow has not settled {found.held} messages" in sentence
    assert "smartcity journal retire slow" in sentence


def test_a_sink_that_is_used_and_has_settled_nothing_yet_holds_everything(books: Books, tmp_path: Path) -> None:
    keep(Storage(data=tmp_path).open_journal(), 10, NOW_NS - 40 * DAY_NS)
    books.ledger.settle(Settlement("old", 10, counts={"stored": 10}))
    with closing(Storage(data=tmp_path).open_journal()) as journal:
        assert trim(Retention(journal, books.ledger, "new", DAYS_30)) == 0
        assert trim(Retention(journal, books.ledger, "old", DAYS_30)) == 10


def test_a_great_deal_goes_in_small_steps(books: Books, tmp_path: Path) -> None:
    with closing(Storage(data=tmp_path).open_journal()) as journal:
        keep(journal, 3 * retain.STEP + 1, DAY_NS)
        books.ledger.settle(Settlement("store", 10_000))
        retention = Retention(journal, books.ledger, "store", DAYS_30)
        steps = [gone for gone in retention.trim(retention.plan()) if gone]
    assert steps == [retain.STEP] * 3 + [1]


def test_an_intake_trims_its_journal_while_messages_come(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retain, "EVERY_S", 0.01)
    stop, journal = Event(), Storage(data=tmp_path).open_journal()
    keep(journal, 2_000, time.time_ns() - 40 * DAY_NS)
    books.ledger.settle(Settlement("store", 2_000, counts={"stored": 2_000}))
    worker = Thread(target=Retention(journal, books.ledger, "store", DAYS_30).run, args=(stop,))
    worker.start()
    try:
        deadline = time.monotonic() + 30
        while journal.bounds()[0] <= 2_000:
            assert time.monotonic() < deadline
            journal.append([Envelope("s", None, None, b"x", 1)])
    finally:
        stop.set()
        worker.join(timeout=10)
    found = books.account("store")
    assert (found.balanced, found.counts["stored"]) == (True, 2_000)
    assert found.in_flight == found.received - 2_000
    journal.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30), st.booleans()), min_size=1, max_size=8))
def test_whatever_is_settled_and_trimmed_the_books_add_up(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[int, int, bool]]
) -> None:
    """Messages come, one sink settles some, all that may go goes, and now and then another sink begins or retires."""
    storage = Storage(data=tmp_path_factory.mktemp("d"))
    with closing(storage.open_books()) as books, closing(storage.open_journal()) as journal:
        for n, (came, settled, change) in enumerate(rounds):
            keep(journal, came, (n + 1) * DAY_NS)
            cursor = books.ledger.cursor("store")
            through = min(cursor + settled, journal.bounds()[1])
            books.ledger.settle(Settlement("store", through, counts={"stored": through - cursor}))
            if change and n % 2:
                books.ledger.retire("other")
            elif change:
                books.ledger.settle(Settlement("other", books.ledger.cursor("other")))
            assert trim(Retention(journal, books.ledger, "store", DAYS_30)) <= through
            accounts = {one.sink: one for one in [*books.accounts(), books.account("new")]}
            assert [one.sink for one in accounts.values() if not one.balanced] == []
            assert accounts["store"].counts.get("expired", 0) == 0


def test_a_sink_that_begins_late_accounts_for_what_was_trimmed_before_it(books: Books, tmp_path: Path) -> None:
    storage = Storage(data=tmp_path)
    with closing(storage.open_journal()) as journal:
        keep(journal, 10)
        journal.trim(4)
    assert books.account("new").counts == {"expired": 4}
    with closing(storage.open_feed("new", Event(), lambda _: [])) as feed:
        (batch,) = feed.take(100, 0)
        assert [entry.offset for entry in batch.entries] == [5, 6, 7, 8, 9, 10]
        half = books.account("new")
        assert (half.balanced, half.cursor, half.in_flight) == (True, 4, 6)
        feed.settle([(batch, Settlement("new", 10, counts={"stored": 6}))])
    done = books.account("new")
    assert (done.balanced, done.counts) == (True, {"expired": 4, "stored": 6})


def test_messages_that_vanished_without_being_trimmed_are_not_expired(books: Books, tmp_path: Path) -> None:
    storage = Storage(data=tmp_path)
    with closing(storage.open_journal()) as journal:
        keep(journal, 10)
        journal.trim(4)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db, db:
        db.execute("DELETE FROM entries WHERE offset <= 6")
    with closing(storage.open_feed("new", Event(), lambda _: [])) as feed:
        (batch,) = feed.take(100, 0)
        feed.settle([(batch, Settlement("new", 10, counts={"stored": 4}))])
    assert books.account("new").missing == 2


def test_a_sink_that_retired_and_comes_back_begins_anew(books: Books, tmp_path: Path) -> None:
    with closing(Storage(data=tmp_path).open_journal()) as journal:
        keep(journal, 10)
        books.ledger.settle(Settlement("old", 8, counts={"stored": 8}))
        journal.trim(8)
        books.ledger.retire("old")
        assert books.accounts() == []
        found = books.account("old")
    assert (found.balanced, found.counts, found.in_flight) == (True, {"expired": 8}, 2)


def test_a_dead_letter_outlives_the_entry_that_it_is_from(books: Books, tmp_path: Path) -> None:
    envelope = Envelope("s", None, "t", b"no json", 1)
    with closing(Storage(data=tmp_path).open_journal()) as journal:
        journal.append([envelope])
        letter = DeadLetter("store", 1, 0, "unwrap/not_json", "", envelope)
        books.ledger.settle(Settlement("store", 1, {}, [letter], {"dead_letter": 1}))
        journal.trim(1)
        assert journal.read(0, 10) == []
    assert [found.envelope for found in books.ledger.dead_letters()] == [envelope]


def test_what_can_no_longer_be_replayed_is_said(journal: SqliteJournal, tmp_path: Path) -> None:
    journal.append([Envelope("s", None, None, b"x", n * DAY_NS) for n in (1, 2, 3)])
    with closing(Storage(data=tmp_path).open_past()) as past:
        assert gone(past, 0) is None
        journal.trim(2)
        said = gone(past, 0)
        assert said is not None
        assert "the 2 oldest messages are no longer in the journal" in said
        assert "whole since 1970-01-04T00:00:00Z" in said
        assert gone(past, 3 * DAY_NS) is None
        journal.trim(3)
        said = gone(past, 3 * DAY_NS)
        assert said is not None
        assert said.endswith("(journal.keep_days, journal.max_mb)")


def test_nothing_is_held_when_nothing_should_go() -> None:
    assert held(Plan(1, 0, 0, 0)) is None
