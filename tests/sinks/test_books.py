from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from sinks.books import Books
from sinks.model import Envelope
from sinks.ports import Settlement
from sinks.storage import Storage

SECOND_NS = 1_000_000_000


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Storage(data=tmp_path).open_books()
    yield made
    made.close()


def keep(books: Books, number: int) -> None:
    books.journal.append([Envelope("s", None, None, b"x", n * SECOND_NS) for n in range(1, number + 1)])


def broken(file: Path, sql: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(sql)


def test_before_anything_came_the_books_add_up(books: Books) -> None:
    assert books.accounts() == []
    found = books.account("store")
    assert (found.balanced, found.received, found.in_flight, found.oldest_s(SECOND_NS)) == (True, 0, 0, 0.0)


def test_received_is_settled_and_in_flight(books: Books) -> None:
    keep(books, 10)
    books.ledger.settle(Settlement("store", 7, counts={"stored": 4, "duplicate": 2, "dead_letter": 1}))
    (found,) = books.accounts()
    assert (found.received, found.in_flight, found.backlog, found.missing) == (10, 3, 3, 0)
    assert found.oldest_s(11 * SECOND_NS) == 3.0


def test_each_sink_has_books_of_its_own(books: Books) -> None:
    keep(books, 10)
    books.ledger.settle(Settlement("fast", 10, counts={"stored": 10}))
    books.ledger.settle(Settlement("slow", 2, counts={"stored": 2}))
    assert {one.sink: one.in_flight for one in books.accounts()} == {"fast": 0, "slow": 8}


@pytest.mark.parametrize(
    ("file", "sql", "missing"),
    [
        ("ledger.db", "DELETE FROM counts WHERE outcome = 'duplicate'", 2),
        ("ledger.db", "UPDATE counts SET n = n + 1 WHERE outcome = 'stored'", -1),
        ("ledger.db", "UPDATE cursors SET offset = 9", 2),
        ("journal.db", "DELETE FROM entries WHERE offset <= 8", 1),
        ("journal.db", "DELETE FROM entries; DELETE FROM sqlite_sequence", -7),
    ],
    ids=["a lost count", "one counted twice", "a cursor ahead", "trimmed too far", "an emptied journal"],
)
def test_a_message_that_vanished_shows(books: Books, tmp_path: Path, file: str, sql: str, missing: int) -> None:
    keep(books, 10)
    books.ledger.settle(Settlement("store", 7, counts={"stored": 5, "duplicate": 2}))
    for statement in sql.split(";"):
        broken(tmp_path / file, statement)
    found = books.account("store")
    assert (found.balanced, found.missing) == (False, missing)


def test_trimming_what_was_settled_changes_nothing(books: Books) -> None:
    keep(books, 10)
    books.ledger.settle(Settlement("store", 10, counts={"stored": 10}))
    books.journal.trim(10)
    found = books.account("store")
    assert (found.balanced, found.received, found.in_flight) == (True, 10, 0)


def test_books_that_are_written_meanwhile_never_look_wrong(books: Books) -> None:
    done = Event()

    def work() -> None:
        for n in range(1, 300):
            keep(books, 1)
            books.ledger.settle(Settlement("store", n, counts={"stored": 1}))
        done.set()

    writer = Thread(target=work)
    writer.start()
    looks = [books.account("store").balanced]
    while not done.is_set():
        looks.append(books.account("store").balanced)
    writer.join()
    assert all(looks)
