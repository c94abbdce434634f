from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.errors import Refused, Unavailable
from sinks.journal import SqliteJournal
from sinks.model import Envelope


def envelope(number: int, **more: object) -> Envelope:
    known = {"source": "s", "network": None, "topic": "t", "body": b"%d" % number, "arrived_ns": number}
    return Envelope(**(known | more))  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.db")


def test_an_empty_journal_has_no_bounds(journal: SqliteJournal) -> None:
    assert journal.bounds() == (0, 0)
    assert journal.read(0, 10) == []


def test_what_was_appended_is_read_back_in_order_with_rising_offsets(journal: SqliteJournal) -> None:
    last = journal.append([envelope(1), envelope(2)])
    journal.append([envelope(3, network="chirpstack", topic=None, flags=("retained", "replay"))])

    entries = journal.read(0, 10)

    assert [e.envelope.body for e in entries] == [b"1", b"2", b"3"]
    assert [e.offset for e in entries] == [last - 1, last, last + 1]
    assert entries[2].envelope == envelope(3, network="chirpstack", topic=None, flags=("retained", "replay"))


def test_reading_goes_on_behind_a_cursor_and_stops_at_the_limit(journal: SqliteJournal) -> None:
    journal.append([envelope(n) for n in range(10)])
    assert [e.envelope.arrived_ns for e in journal.read(3, 2)] == [3, 4]


def test_offsets_are_not_reused_after_everything_was_trimmed(journal: SqliteJournal) -> None:
    last = journal.append([envelope(1), envelope(2)])
    assert journal.trim(last) == 2
    assert journal.bounds() == (last + 1, last)
    assert journal.append([envelope(3)]) == last + 1


HOUR_NS = 3600 * 10**9


def test_what_was_trimmed_is_remembered_also_after_a_restart(journal: SqliteJournal, tmp_path: Path) -> None:
    journal.append([envelope(n) for n in range(5)])
    assert journal.trimmed() == 0
    journal.trim(3)
    journal.trim(2)
    assert journal.trimmed() == 3
    assert SqliteJournal(tmp_path / "journal.db").trimmed() == 3


def test_how_long_an_entry_was_kept_is_told_by_marks_and_not_by_its_arrival(journal: SqliteJournal) -> None:
    journal.append([envelope(1, arrived_ns=1), envelope(2, arrived_ns=1)])
    journal.mark(100 * HOUR_NS)
    journal.append([envelope(3, arrived_ns=1)])
    journal.mark(101 * HOUR_NS)
    assert journal.kept_before(100 * HOUR_NS - 1) == 0
    assert journal.kept_before(100 * HOUR_NS) == 2
    assert journal.kept_before(200 * HOUR_NS) == 3


def test_a_mark_of_a_clock_that_was_set_back_is_no_older_than_the_one_before(journal: SqliteJournal) -> None:
    journal.append([envelope(1)])
    journal.mark(100 * HOUR_NS)
    journal.append([envelope(2)])
    journal.mark(1)
    assert journal.kept_before(99 * HOUR_NS) == 0


def test_an_idle_journal_is_not_marked_again(journal: SqliteJournal) -> None:
    journal.mark(HOUR_NS)
    journal.append([envelope(1)])
    for hour in range(2, 9):
        journal.mark(hour * HOUR_NS)
    assert journal.kept_before(2 * HOUR_NS) == 1


def test_the_pages_of_trimmed_entries_are_given_back_but_for_a_tenth(journal: SqliteJournal, tmp_path: Path) -> None:
    journal.append([envelope(n, body=b"x" * 3_000) for n in range(1_000)])
    before = journal.size()
    journal.trim(900)
    assert journal.size() < before / 5
    steps = 0
    while journal.give_back(50):
        steps += 1
    journal.close()
    assert steps > 5
    assert (tmp_path / "journal.db").stat().st_size < before / 5
    assert [e.offset for e in SqliteJournal(tmp_path / "journal.db").read(0, 1_000)] == list(range(901, 1_001))


def test_a_file_from_before_pages_could_be_given_back_goes_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("CREATE TABLE t (x)")
    journal = SqliteJournal(tmp_path / "old.db")
    journal.append([envelope(n, body=b"x" * 3_000) for n in range(500)])
    journal.trim(500)
    assert not journal.give_back(50)
    assert journal.append([envelope(1)]) == 501


def test_a_second_process_appends_to_the_same_file(tmp_path: Path) -> None:
    first, second = SqliteJournal(tmp_path / "j.db"), SqliteJournal(tmp_path / "j.db")
    first.append([envelope(1)])
    second.append([envelope(2)])
    assert [e.envelope.arrived_ns for e in first.read(0, 10)] == [1, 2]


def test_closing_twice_is_closing_once(journal: SqliteJournal) -> None:
    journal.close()
    journal.close()


def test_everything_that_append_returned_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = f"""
from pathlib import Path
from sinks.journal import SqliteJournal
from sinks.model import Envelope
journal = SqliteJournal(Path({str(path)!r}))
number = 0
while True:
    batch = [Envelope("s", None, None, b"x" * 500, n) for n in range(number, number + 7)]
    print(journal.append(batch), flush=True)
    number += 7
"""
    process = subprocess.Popen([sys.executable, "-c", writer], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split()]
    process.wait()
    process.stdout.close()

    entries = SqliteJournal(path).read(0, 1_000_000)

    assert entries[-1].offset >= told[-1]
    assert [e.offset for e in entries] == list(range(1, len(entries) + 1))
    assert len(entries) % 7 == 0  # a batch is whole or not there


def test_a_damaged_file_is_named_and_refused(tmp_path: Path) -> None:
    (tmp_path / "j.db").write_bytes(b"this is no database, and long enough to be read as one" * 100)
    with pytest.raises(Refused, match=r"j\.db.*move it away"):
        SqliteJournal(tmp_path / "j.db")


def test_a_folder_that_cannot_be_made_is_named_and_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Refused, match=r"file.*choose another folder"):
        SqliteJournal(tmp_path / "file" / "j.db")


def test_a_full_disk_is_unavailable_and_keeps_nothing_of_the_batch(journal: SqliteJournal) -> None:
    journal.append([envelope(1)])
    pages = journal._writer.execute("PRAGMA page_count").fetchone()[0]
    journal._writer.execute(f"PRAGMA max_page_count={pages + 1}")
    with pytest.raises(Unavailable, match="full"):
        journal.append([envelope(n, body=b"x" * 50_000) for n in range(5)])
    assert [e.envelope.arrived_ns for e in journal.read(0, 10)] == [1]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.builds(
            Envelope,
            source=st.text(max_size=8).filter(lambda s: s.isprintable()),
            network=st.none() | st.just("things_stack"),
            topic=st.none() | st.text(max_size=20).filter(lambda s: s.isprintable()),
            body=st.binary(max_size=100),
            arrived_ns=st.integers(0, 2**62),
            flags=st.sets(st.sampled_from(["retained", "redelivered", "backfill"])).map(lambda s: tuple(sorted(s))),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_envelope_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, envelopes: list[Envelope]) -> None:
    journal = SqliteJournal(tmp_path_factory.mktemp("j") / "journal.db")
    journal.append(envelopes)
    assert [e.envelope for e in journal.read(0, 10)] == envelopes
    journal.close()


def test_the_bounds_cost_the_same_however_much_is_kept(tmp_path: Path) -> None:
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 100

    with closing(SqliteJournal(tmp_path / "journal.db")) as journal:
        journal.append([Envelope("x", None, None, b"x", 1)] * 10_000)
        journal._reader.set_progress_handler(count, 100)
        assert journal.bounds() == (1, 10_000)
    assert steps < 1000
