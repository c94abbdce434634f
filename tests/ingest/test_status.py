from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from api.app import create_app
from api.settings import ApiSettings
from ingest.status import Status, stands_still
from sinks.books import Account, Books
from sinks.model import Envelope, Gap, GapNotes
from sinks.ports import Settlement
from sinks.storage import Storage
from tests.api.client import Client
from tests.door import environment, smartcity


def kept(data: Path, arrived_ns: int, settled: int) -> Books:
    """Four messages that arrived then, of which so many are settled."""
    books = Storage(data=data).open_books()
    books.journal.append([Envelope("s", None, None, b"x", arrived_ns)] * 4)
    books.ledger.settle(Settlement("embedded", settled, counts={"stored": settled}))
    return books


def test_status_says_that_every_message_is_accounted_for(tmp_path: Path) -> None:
    kept(tmp_path, time.time_ns(), 3).close()
    said = smartcity("status", env=environment(tmp_path))
    assert said.code == 0, said.out
    assert "embedded: received 4 = stored 3 + duplicates 0 + dead letters 0 + in flight 1" in said.out


def test_a_lost_count_is_an_alarm_everywhere(tmp_path: Path) -> None:
    kept(tmp_path, time.time_ns(), 4).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db, db:
        db.execute("UPDATE counts SET n = n - 1 WHERE outcome = 'stored'")

    said = smartcity("status", "--json", env=environment(tmp_path))
    assert said.code == 1
    assert json.loads(said.out)["sinks"]["embedded"]["balanced"] is False
    assert "nobody knows what became of 1 messages" in json.loads(said.out)["wrong"][0]

    storage = Storage(data=tmp_path)
    with (
        closing(storage.open_books()) as books,
        closing(storage.open_registry()) as registry,
        closing(storage.open_reader()) as reader,
    ):
        client = Client(create_app(ApiSettings(), reader, registry, books))
        assert 'smartcity_books_balanced{sink="embedded"} 0.0' in client.get("/metrics").text
        assert client.get("/api/v1/status").json()["sinks"]["embedded"]["balanced"] is False
        page = client.get("/?lang=en").text
    assert '<p id="unbalanced" role="alert">The books do not add up' in page


def test_status_tells_duplicates_by_layer_and_what_was_trimmed(tmp_path: Path) -> None:
    books = kept(tmp_path, time.time_ns(), 4)
    frames = {"decoded": 2, "duplicate_delivery": 3, "duplicate_radio": 1}
    books.ledger.settle(Settlement("embedded", 4, frames=frames))
    books.journal.trim(3)
    books.close()
    said = smartcity("status", env=environment(tmp_path)).out
    assert "duplicate frames: delivered again 3, sent again by the device 1" in said
    assert "journal: 1 messages, 3 before them are trimmed, 0.0 MB" in said
    found = json.loads(smartcity("status", "--json", env=environment(tmp_path)).out)
    assert found["sinks"]["embedded"]["frames"] == frames
    assert (found["journal"]["messages"], found["journal"]["trimmed"]) == (1, 3)


def test_status_tells_what_never_came(tmp_path: Path) -> None:
    books = kept(tmp_path, time.time_ns(), 4)
    gap = Gap("main", "24e1", "counter", 1, 2, missing=7, found=3, first=8)
    books.ledger.settle(Settlement("embedded", 4, gaps=GapNotes([gap], {"missing": 7, "found": 3})))
    books.close()
    env = environment(tmp_path)
    assert "never came: 7 frames, 3 of them found later; 1 gaps open" in smartcity("status", env=env).out
    found = json.loads(smartcity("status", "--json", env=env).out)["sinks"]["embedded"]
    assert found["gaps"] == {"frames": 7, "found": 3, "open": 1}
    assert found["balanced"] is True
    listed = smartcity("gaps", env=env).out
    assert "main    24e1    counter" in listed
    assert "7 frames missing, 3 of them found later; 1 gaps open" in listed
    assert json.loads(smartcity("gaps", "--device", "24E1", "--json", env=env).out)[0]["missing"] == 7
    assert json.loads(smartcity("gaps", "--since", "1970-01-02", "--json", env=env).out) == []


def test_a_journal_that_may_not_be_trimmed_is_told_and_a_retired_sink_lets_it_go(tmp_path: Path) -> None:
    env = environment(tmp_path, SMARTCITY_JOURNAL__MAX_MB="1")
    with closing(Storage(data=tmp_path).open_books()) as books:
        books.journal.append([Envelope("s", None, None, b"x" * 2_000, time.time_ns())] * 1_000)
        books.ledger.settle(Settlement("embedded", 1_000, counts={"stored": 1_000}))
        books.ledger.settle(Settlement("influxdb", 1, counts={"stored": 1}))

    said = smartcity("status", env=env)
    assert said.code == 1
    assert "wrong: the journal is larger than journal.max_mb asks for: influxdb has not settled" in said.out
    assert "1 messages would go" in smartcity("journal", "trim", "--dry-run", env=env).out

    assert smartcity("journal", "retire", "embedded", "--yes", env=env).code == 1
    assert "no sink is called 'nobody'" in smartcity("journal", "retire", "nobody", env=env).err
    assert smartcity("journal", "retire", "influxdb", env=env, stdin="n\n").code == 1
    assert (
        "influxdb has settled up to message 1 (1 stored)"
        in smartcity("journal", "retire", "influxdb", "--yes", env=env).out
    )
    assert "messages went, 1 to" in smartcity("journal", "trim", env=env).out

    said = smartcity("status", env=env)
    assert said.code == 0, said.out
    assert "embedded: received 1000 = stored 1000 + duplicates 0 + dead letters 0 + in flight 0" in said.out
    assert "oldest messages are no longer in the journal" in smartcity("replay", "--dry-run", env=env).err


def test_a_sink_that_stands_still_is_told_and_one_that_has_time_is_not(tmp_path: Path) -> None:
    kept(tmp_path, time.time_ns() - 3600 * 10**9, 3).close()
    said = smartcity("status", env=environment(tmp_path))
    assert said.code == 1
    assert "embedded: stands still, 1 messages wait, the oldest for 36" in said.out
    assert smartcity("status", "--stalled-after", "7200", env=environment(tmp_path)).code == 0


def test_a_sink_that_catches_up_does_not_stand_still(tmp_path: Path) -> None:
    books = kept(tmp_path, 1, 2)
    before = books.account("embedded")
    books.ledger.settle(Settlement("embedded", 3, counts={"stored": 1}))
    assert not stands_still(books, before, 60)
    books.close()


def test_a_sink_that_is_no_longer_used_need_not_move(tmp_path: Path) -> None:
    books = kept(tmp_path, 1, 4)
    books.ledger.settle(Settlement("influxdb", 1, counts={"stored": 1}))
    books.close()
    assert smartcity("status", env=environment(tmp_path)).code == 0


@pytest.mark.parametrize(("stored", "says"), [(3, "backlog 1  2.0/s"), (2, "nobody knows what became of 1 messages")])
def test_the_line_of_a_terminal(stored: int, says: str) -> None:
    counts = {"stored": stored}
    now = Status(7.0, Account("embedded", 4, counts, {"decoded": 3}, 3, 1, None))
    before = Status(6.0, Account("embedded", 2, {"stored": 2}, {}, 2, 0, None))
    line = now.line(before)
    assert line.startswith(f"received 4  decoded 3  stored {stored}  duplicates 0  dead letters 0  backlog 1")
    assert says in line
