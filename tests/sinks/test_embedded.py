"""The store in one SQLite file: the contract, and what only a file can do."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sinks.embedded.read import EmbeddedReader
from sinks.embedded.write import EmbeddedStore
from sinks.errors import Refused, Unavailable
from sinks.influxdb import schema
from sinks.model import Series
from tests.sinks.contract import HOUR, NOW, Backend, StoreContract, bin_series, everything, point, reader, store

__all__ = ["reader", "store"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "observations.sqlite"


@pytest.fixture
def backend(path: Path) -> Backend:
    def opened() -> EmbeddedStore:
        store = EmbeddedStore(path)
        store.check()
        assert store._connection is not None
        store._connection.execute("PRAGMA busy_timeout = 50")
        return store

    return Backend(opened, lambda: EmbeddedReader(path), lambda: _locked(path), lambda: None)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


class TestEmbedded(StoreContract):
    """All of the contract."""


def test_a_reader_in_another_process_sees_what_was_written(path: Path) -> None:
    store = EmbeddedStore(path)
    store.write([point(level_pct=12.5)])
    program = (
        "import sys; from pathlib import Path; from sinks.embedded.read import EmbeddedReader;"
        "from sinks.ports import Selection;"
        "print(EmbeddedReader(Path(sys.argv[1])).latest(Selection('bin_level', 0, 2**60))[0].fields)"
    )
    said = subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "{'level_pct': 12.5}"
    store.close()


def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    program = (
        "import os, sys, signal; from pathlib import Path; from sinks.embedded.write import EmbeddedStore;"
        "from sinks.model import Point, Series;"
        "written = EmbeddedStore(Path(sys.argv[1])).write([Point(Series('soil', 'o', 'tree-1', 'd'), int(sys.argv[2]), "
        "{'soil_vwc': 0.25})]);"
        "os.kill(os.getpid(), signal.SIGKILL) if written.accepted else None"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(path), str(NOW)], check=False)
    assert killed.returncode == -9
    reader = EmbeddedReader(path)
    assert [row.fields for row in reader.rows(everything("soil"))] == [{"soil_vwc": 0.25}]
    reader.close()


def test_a_reader_without_a_file_finds_nothing(path: Path) -> None:
    reader = EmbeddedReader(path)
    assert reader.latest(everything()) == reader.rows(everything()) == []
    assert not path.exists()


def test_a_file_whose_tables_are_still_to_be_made_holds_nothing(path: Path) -> None:
    path.touch()
    reader = EmbeddedReader(path)
    assert reader.latest(everything()) == reader.rows(everything(asset_id="bin-1")) == reader.rows(everything()) == []
    reader.close()


def test_a_file_that_is_no_store_is_refused(path: Path) -> None:
    path.write_bytes(b"these are no rows of ours " * 100)
    store, reader = EmbeddedStore(path), EmbeddedReader(path)
    with pytest.raises(Refused, match="none of ours"):
        store.write([point()])
    with pytest.raises(Refused, match="none of ours"):
        reader.latest(everything())
    assert len(store.check()) == 1


def test_a_full_disk_is_waited_for(path: Path) -> None:
    store = EmbeddedStore(path)
    store.write([point(1)])
    assert store._connection is not None
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [point(n, bin_series(n)) for n in range(2000)]
    with pytest.raises(Unavailable, match="full"):
        store.write(many)
    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert store.write(many).accepted == 2000
    reader = EmbeddedReader(path)
    assert len(reader.rows(everything(), None, 5000)) == 2001
    reader.close()
    store.close()


def test_an_older_file_gets_the_columns_of_new_fields_and_keeps_its_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = schema.MEASUREMENTS["bin_level"]
    monkeypatch.setitem(schema.MEASUREMENTS, "bin_level", {"level_pct": float})
    old = EmbeddedStore(path)
    old.check()
    old.close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO series VALUES (1, 'bin_level', 'o', 'a', 'd', '', '', '')")
    connection.execute("INSERT INTO latest VALUES (1, ?)", (NOW,))
    connection.execute("INSERT INTO bin_level VALUES (?, 1, ?, 7.5)", (NOW // 86_400_000, NOW))
    connection.commit()
    connection.close()
    monkeypatch.setitem(schema.MEASUREMENTS, "bin_level", whole)

    reader = EmbeddedReader(path)
    assert [row.fields for row in reader.latest(everything())] == [{"level_pct": 7.5}]
    new = EmbeddedStore(path)
    new.write([point(series=Series("bin_level", "o", "a", "d"), distance_mm=900.0)])
    assert [row.fields for row in reader.rows(everything())] == [{"level_pct": 7.5, "distance_mm": 900.0}]
    reader.close()
    new.close()


def test_a_file_whose_series_knew_their_newest_rows_themselves_is_brought_up_to_date(path: Path) -> None:
    store = EmbeddedStore(path)
    store.write([point(series=Series("bin_level", "o", "a", "d"), distance_mm=900.0)])
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE series ADD COLUMN latest_ms INTEGER NOT NULL DEFAULT -1")
        connection.execute("UPDATE series SET latest_ms = (SELECT time_ms FROM latest WHERE latest.series = series.id)")
        connection.execute("DROP TABLE latest")
        connection.commit()

    EmbeddedStore(path).check()

    with closing(EmbeddedReader(path)) as reader:
        assert [row.fields for row in reader.latest(everything())] == [{"distance_mm": 900.0}]


def test_trimming_forgets_what_is_older_and_nothing_else(path: Path) -> None:
    store, reader = EmbeddedStore(path), EmbeddedReader(path)
    gone = bin_series(1)
    store.write([point(60 * 24 * days) for days in range(4)] + [point(60 * 24 * 3, series=gone)])
    assert store.trim(NOW - 36 * HOUR) == 3
    assert [row.time_ms for row in reader.rows(everything())] == [NOW - 24 * HOUR, NOW]
    assert len(reader.latest(everything())) == 1
    assert store.write([point(5, series=gone)]).accepted == 1
    assert len(reader.latest(everything())) == 2
    store.close()
    reader.close()


def test_a_series_that_was_new_in_a_failed_batch_is_new_again(path: Path) -> None:
    store, reader = EmbeddedStore(path), EmbeddedReader(path)
    store.write([point()])
    assert store._connection is not None
    store._connection.execute("CREATE TRIGGER fail BEFORE INSERT ON bin_level BEGIN SELECT raise(ABORT, 'no'); END")
    with pytest.raises(Refused):
        store.write([point(series=bin_series(7))])
    store._connection.execute("DROP TRIGGER fail")
    store.write([point(series=bin_series(8))])
    store.write([point(series=bin_series(7))])
    assert [row.tags["asset_id"] for row in reader.latest(everything())] == ["bin-1", "bin-7", "bin-8"]
    store.close()
    reader.close()


def test_a_file_made_before_a_tag_was_known_gets_it_and_keeps_its_rows(path: Path) -> None:
    store = EmbeddedStore(path)
    store.write([point(0), point(5, series=bin_series(1))])
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        kept = "id, measurement, tenant, asset_id, device_id, model, depth_cm"
        connection.execute(f"CREATE TABLE old AS SELECT {kept} FROM series")  # noqa: S608  # names of ours
        connection.execute("DROP TABLE series")
        connection.execute("ALTER TABLE old RENAME TO series")
        connection.commit()
    with closing(EmbeddedReader(path)) as reader:
        assert len(reader.rows(everything())) == 2

    store = EmbeddedStore(path)
    store.write([point(5, series=bin_series(1))])
    store.close()

    with closing(EmbeddedReader(path)) as reader:
        assert [row.tags["name"] for row in reader.rows(everything())] == ["", ""]
