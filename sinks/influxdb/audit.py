"""What an InfluxDB is and what stands in it, held against what we expect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Final

from sinks.errors import Refused, SinkError
from sinks.influxdb import setup_one, setup_two
from sinks.influxdb.connection import DAY_S, Connection
from sinks.influxdb.read import TYPES, InfluxReader
from sinks.influxdb.schema import MEASUREMENTS
from sinks.influxdb.session import Session, generation
from sinks.influxdb.write import InfluxStore

_OLDER: Final = {
    "link_quality": "its fields stand in the rows of the frame now; smartcity influx migrate writes them there, "
    "or into another bucket"
}

_NOBODY: Final = "nobody:knows"


def version(connection: Connection) -> str:
    """As the server names itself, "v2.9.1"; "" when it does not. Raises `Unavailable` when it does not answer."""
    with closing(Session(connection)) as session, session.errors():
        return session.version()


def writer_faults(connection: Connection) -> list[str]:
    """What is wrong with a token that is to write and nothing else."""
    with closing(InfluxStore(connection)) as store, closing(InfluxReader(connection)) as reader:
        return store.check() or _open(connection) or _surplus(reader, "may also read; it should only write")


def kept_days(connection: Connection) -> float | None:
    """Days that the bucket keeps its rows, 0 for ever, as a token that reads is told; a 3 does not say."""
    kept_s = {1: setup_one.kept_s, 2: setup_two.kept_s}.get(generation(connection))
    return None if kept_s is None else kept_s(connection) / DAY_S


def reader_faults(connection: Connection) -> list[str]:
    """What is wrong with a token that is to read and nothing else, with its database, and with the fields in it."""
    with closing(InfluxStore(connection)) as store, closing(InfluxReader(connection)) as reader:
        mapping = _told(lambda: _mapping_faults(connection))
        missing = mapping or reader.check() or _open(connection)
        if missing:
            return missing
        stored = _told(lambda: list(_field_faults(reader.field_keys())))
        return _surplus(store, "may also write, and so delete; it should only read") + stored


def _told(ask: Callable[[], list[str]]) -> list[str]:
    """What it finds, or why it cannot."""
    try:
        return ask()
    except SinkError as error:
        return [str(error)]


def _mapping_faults(connection: Connection) -> list[str]:
    return setup_two.mapping_faults(connection) if generation(connection) == 2 else []


def _open(connection: Connection) -> list[str]:
    """An InfluxDB 1 asks for no password unless it is told to; then every token will do."""
    with closing(InfluxStore(replace(connection, token=_NOBODY))) as anybody:
        if anybody.check():
            return []
    return ["the server takes any token at all: set auth-enabled = true in the [http] part of its settings"]


def _surplus(other: InfluxStore | InfluxReader, says: str) -> list[str]:
    """Only a refusal shows that the token has no such right; a server that does not answer shows nothing.

    A token of InfluxDB 3 Core always has every right.
    """
    try:
        if other.generation() == 3:
            return []
        other.probe()
    except Refused:
        return []
    except SinkError as error:
        return [f"whether the token {says.partition(';')[0]} could not be asked: {error}"]
    return [f"the token {says}: smartcity influx setup makes one with the least rights"]


def _field_faults(found: Mapping[str, list[list[str]]]) -> Iterator[str]:
    for measurement, keys in found.items():
        if measurement in _OLDER:
            yield f"{measurement} is of an older version: {_OLDER[measurement]}"
        expected = MEASUREMENTS.get(measurement, {})
        for name, kind in keys:
            if name in expected and kind != TYPES[expected[name]]:
                yield f"{measurement}.{name} is stored as {kind} in some shard and should be {TYPES[expected[name]]}"
