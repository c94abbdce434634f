"""The real intake as a process over these files, and the question that every fault ends with.

Is everything that was sent stored once, or a dead letter with its reason, or known to have come again; and do the
books say so?
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sinks.books import Account
from sinks.influxdb.schema import MEASUREMENTS
from sinks.ports import Row, Selection, series_key
from sinks.storage import Storage
from tests.door import smartcity
from tests.servers import mosquitto
from tests.servers.process import wait_for
from tests.test_way import variables

COMMAND = ("-m", "smartcity")


def start(
    storage: Storage, broker: mosquitto.Mosquitto, launcher: Sequence[str] = COMMAND, half: str = "", **settings: str
) -> subprocess.Popen[bytes]:
    """`smartcity ingest`, begun; or its `half`, receive or process.

    `launcher`: what Python runs instead of the command. `settings`: variables of the environment.
    """
    with log_of(storage).open("ab") as out:
        command = [sys.executable, *launcher, "ingest", *half.split()]
        return subprocess.Popen(command, env=variables(storage, broker, 1) | settings, stdout=out, stderr=out)


def listening(
    storage: Storage, broker: mosquitto.Mosquitto, launcher: Sequence[str] = COMMAND, half: str = "", **settings: str
) -> subprocess.Popen[bytes]:
    """The same, when it has its session at the broker: from now on no message is nobody's."""
    already = said(storage).count("listening to")
    process = start(storage, broker, launcher, half, **settings)

    def listens() -> bool:
        if process.poll() is not None:
            raise TimeoutError(f"the intake has ended with {process.returncode}")
        return said(storage).count("listening to") > already

    try:
        wait_for(listens, 30, "the intake's session")
    except TimeoutError as error:
        process.kill()
        raise TimeoutError(f"{error}; its log ends:\n{said(storage)[-2000:]}") from error
    return process


@contextmanager
def working(
    storage: Storage, broker: mosquitto.Mosquitto, launcher: Sequence[str] = COMMAND, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The intake with its session at the broker, until the block ends."""
    process = listening(storage, broker, launcher, **settings)
    with ended(process):
        yield process


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ends it in order when the block ends."""
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def log_of(storage: Storage) -> Path:
    return storage.data / "ingest.log"


def said(storage: Storage) -> str:
    """All that the intake has logged."""
    log = log_of(storage)
    return log.read_text() if log.exists() else ""


def account(storage: Storage) -> Account:
    """The store's books, read from outside as an operator would."""
    with closing(storage.open_books()) as books:
        return books.account(storage.store.kind)


def received(storage: Storage) -> int:
    """Messages kept so far; asked for often, so it looks at nothing else."""
    with closing(sqlite3.connect(storage.data / "journal.db", timeout=30)) as journal:
        return int(journal.execute("SELECT coalesce(max(offset), 0) FROM entries").fetchone()[0])


def outcomes(storage: Storage) -> tuple[int, Mapping[str, int]]:
    """How far the store has come in the journal, and what became of the messages up to there."""
    with closing(storage.open_ledger()) as ledger:
        return ledger.cursor(storage.store.kind), ledger.counts(storage.store.kind)


def stored(storage: Storage) -> int:
    return outcomes(storage)[1].get("stored", 0)


def has_settled(storage: Storage, stored: int, dead_letters: int = 0) -> bool:
    """Whether so many messages are stored or dead letters, and none waits."""
    cursor, counts = outcomes(storage)
    found = (counts.get("stored", 0), counts.get("dead_letter", 0))
    return found == (stored, dead_letters) and cursor == received(storage)


def alarms(storage: Storage) -> set[str]:
    """Codes of the alarms that stand now."""
    with closing(storage.open_events()) as events:
        return {event.code for event in events.all() if event.alarm_until_ms > time.time() * 1000}


def status(storage: Storage, broker: mosquitto.Mosquitto, *options: str) -> dict[str, Any]:
    """What `smartcity status --json` prints, with its exit code as `code`."""
    answer = smartcity("status", "--json", *options, env=variables(storage, broker, 1))
    found: dict[str, Any] = json.loads(answer.out)
    return found | {"code": answer.code}


def rows(storage: Storage, measurement: str) -> Iterator[Row]:
    """All rows of one measurement."""
    with closing(storage.open_reader()) as reader:
        after: tuple[int, str] | None = None
        selection = Selection(measurement, 0, 4_000_000_000_000)
        while page := reader.rows(selection, after, 5000):
            yield from page
            after = (page[-1].time_ms, series_key(page[-1].tags))


def frames_in(storage: Storage) -> dict[tuple[str, Any], int]:
    """Device and counter of every stored frame, and its time in Unix milliseconds. None may be there twice."""
    measurements = [name for name, fields in MEASUREMENTS.items() if "f_cnt" in fields]
    found = [row for name in measurements for row in rows(storage, name) if "f_cnt" in row.fields]
    frames = {(row.tags["device_id"], row.fields["f_cnt"]): row.time_ms for row in found}
    assert len(frames) == len(found), "a frame is stored twice"
    return frames


def all_is_accounted_for(
    storage: Storage, broker: mosquitto.Mosquitto, stored: int, dead_letters: int = 0
) -> dict[str, Any]:
    """Everything is, in the store and in the books; gives what the status says."""
    assert len(frames_in(storage)) == stored
    answer = status(storage, broker)
    books = answer["sinks"][storage.store.kind]
    assert books["balanced"]
    assert (books["stored"], books["dead_letters"], books["in_flight"]) == (stored, dead_letters, 0)
    assert books["received"] == books["stored"] + books["dead_letters"] + books["duplicates"]
    return answer
