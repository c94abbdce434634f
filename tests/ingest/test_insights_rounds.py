"""Looking again and again, beside whatever happens to the stores; and the commands that do it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest.insights.directory import Directory
from ingest.insights.operation import Operation
from ingest.insights.run import Insights, Rounds
from ingest.insights.settings import DeriveSettings
from sinks.model import Envelope
from sinks.ports import Selection, Settlement
from sinks.storage import Storage
from tests.door import environment, smartcity, started
from tests.ingest.past import BIN, HOUR, MINUTE, NOW, City, built
from tests.servers.process import free_port, wait_for


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with ExitStack() as held:
        yield built(Storage(data=tmp_path / "data"), held)


@pytest.fixture
def rounds(city: City) -> Iterator[Rounds]:
    with closing(city.storage.open_books()) as books:
        directory = Directory(city.registry)
        insights = Insights(city.reader, city.store, directory)
        yield Rounds(insights, Operation(books, books.ledger, directory), "embedded", DeriveSettings())


def readings(city: City, until_ms: int, *levels: float) -> None:
    for n, level in enumerate(levels):
        city.level(until_ms - (len(levels) - 1 - n) * 10 * MINUTE, level)


def test_each_look_takes_what_came_since_the_last(city: City, rounds: Rounds) -> None:
    readings(city, NOW, *[80.0] * 8)
    assert rounds.attempt(NOW)
    readings(city, NOW + 30 * MINUTE, 3.0, 3.0, 3.0)
    for minutes in (10, 11, 12):  # beside the quarter of an hour that goes farther back
        assert rounds.attempt(NOW + minutes * MINUTE)
    assert rounds.attempt(NOW + 30 * MINUTE)
    assert city.happened("emptied") == [("emptied", NOW + 10 * MINUTE)]
    assert city.newest("bin_state", BIN.id)["level_pct"] == 3.0


def test_what_waits_in_a_backlog_is_looked_for_when_it_has_been_delivered(city: City, rounds: Rounds) -> None:
    """Messages of six hours ago are stored now: rows far older than any overlap."""
    with closing(city.storage.open_books()) as books:
        books.journal.append([Envelope("main", None, "t", b"{}", (NOW - 6 * HOUR) * 1_000_000)])
        readings(city, NOW - 7 * HOUR, *[80.0] * 8)
        assert rounds.attempt(NOW)
        readings(city, NOW - 5 * HOUR, 3.0, 3.0, 3.0)
        books.ledger.settle(Settlement("embedded", 1, counts={"stored": 1}))
        assert rounds.attempt(NOW + MINUTE)
    assert city.happened("emptied") == [("emptied", NOW - 5 * HOUR - 20 * MINUTE)]


def test_a_store_that_is_away_is_waited_for_and_told_once(
    city: City, rounds: Rounds, caplog: pytest.LogCaptureFixture
) -> None:
    readings(city, NOW, *[80.0] * 8)
    file = city.storage.data / "store.db"
    city.store.close()
    city.reader.close()
    hidden = file.rename(file.with_suffix(".away"))
    file.write_bytes(b"not a database " * 100)
    with caplog.at_level(logging.WARNING):
        assert [rounds.attempt(NOW + n * MINUTE) for n in range(3)] == [False] * 3
    assert len(caplog.records) == 1
    assert "nothing is derived for now" in caplog.text
    city.reader.close()
    hidden.rename(file)
    assert rounds.attempt(NOW + 4 * MINUTE)
    assert city.newest("bin_state", BIN.id)["level_pct"] == 80.0


def test_an_event_that_could_not_be_written_is_written_later(city: City, rounds: Rounds) -> None:
    readings(city, NOW, *[80.0] * 8)
    assert rounds.attempt(NOW)
    readings(city, NOW + 30 * MINUTE, 3.0, 3.0, 3.0)
    with closing(sqlite3.connect(city.storage.data / "store.db")) as other:
        other.execute("DROP TABLE asset_event")
    assert not rounds.attempt(NOW + 30 * MINUTE)
    city.store.close()  # opened anew it makes the table
    assert rounds.attempt(NOW + 31 * MINUTE)
    assert city.happened("emptied") == [("emptied", NOW + 10 * MINUTE)]


def test_it_ends_when_it_is_told_to(rounds: Rounds) -> None:
    stop = Event()
    thread = Thread(target=rounds.run, args=(stop, lambda: NOW))
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_once_says_what_it_wrote(city: City) -> None:
    said = smartcity("ingest", "derive", "--once", env=environment(city.storage.data))
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        "2 rows of asset_event installed written",
        "2 rows of bin_state written",
        "3 rows of device_health written",
        "1 rows of tree_state written",
    ]


def test_a_dry_run_over_the_past_counts_the_events_and_writes_nothing(city: City) -> None:
    readings(city, NOW, *[80.0] * 8)
    readings(city, NOW + 30 * MINUTE, 3.0, 3.0, 3.0)
    env = environment(city.storage.data)
    since = "2026-07-01T10:00"
    said = smartcity("ingest", "derive", "--since", since, "--dry-run", env=env)
    assert said.code == 0, said.err
    assert "1 rows of asset_event emptied would be written" in said.out
    assert city.rows("asset_event") == []

    assert "1 rows of asset_event emptied written" in smartcity("ingest", "derive", "--since", since, env=env).out
    assert len(city.happened("emptied")) == 1
    assert smartcity("ingest", "derive", "--dry-run", env=env).code == 2


def test_a_simulated_city_shows_events_and_states_within_a_minute(tmp_path: Path) -> None:
    """Half an hour of the simulated city passes in each second."""
    data = tmp_path / "data"
    env = environment(
        data, SMARTCITY_SIMULATE__SPEED="1800", SMARTCITY_DERIVE__EVERY_S="1", SMARTCITY_BROKER__KIND="iotcore"
    )
    arguments = ["run", "--port", str(free_port()), "--mqtt-port", str(free_port()), "--data", str(data)]
    with started(*arguments, env=env, log=tmp_path / "run.log"), closing(Storage(data=data).open_reader()) as reader:

        def known(measurement: str, field: str) -> set[object]:
            rows = reader.latest(Selection(measurement, 0, 2**53))
            return {row.fields[field] for row in rows if field in row.fields}

        wait_for(lambda: {"emptied", "installed"} <= known("asset_event", "code"), 100, "an emptied bin")
        wait_for(lambda: len(known("bin_state", "level_pct")) > 10, 30, "levels")
        wait_for(lambda: "online" in known("device_health", "state"), 30, "devices")
        wait_for(lambda: known("pipeline", "balanced") == {True}, 30, "the books")
        assert known("tree_state", "method") == {"nfk"}
        assert not (data / "logs" / "derive.log").read_text()
