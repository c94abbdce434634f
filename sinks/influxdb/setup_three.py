"""An InfluxDB 3 made ready: a database with its retention, and every table with its tags and types.

A table takes no other tags than those of its first write, and rows of one measurement may differ in theirs; so all
tables are made before anything is written. A retention cannot be changed later. Core has no tokens with fewer rights.
Source: InfluxDB 3 Core documentation, "Create a database", "Create a table" and "Manage admin tokens".
"""

from __future__ import annotations

from contextlib import closing
from typing import Final

from sinks.errors import Refused
from sinks.influxdb.connection import Connection, Tokens
from sinks.influxdb.schema import MEASUREMENTS, TAGS
from sinks.influxdb.session import Session

_TYPES: Final = {float: "float64", int: "int64", bool: "bool", str: "utf8"}


def keep(admin: Connection, retention_days: int) -> None:
    """See to the database and its tables; 0 keeps its rows for ever. What is there stays as it is."""
    database: dict[str, str] = {"db": admin.bucket}
    if retention_days:
        database["retention_period"] = f"{retention_days}d"
    with closing(Session(admin)) as session, session.errors():
        session.create("/api/v3/configure/database", database)
        for name, fields in MEASUREMENTS.items():
            columns = [{"name": field, "type": _TYPES[kind]} for field, kind in fields.items()]
            wanted = {"db": admin.bucket, "table": name, "tags": list(TAGS), "fields": columns}
            session.create("/api/v3/configure/table", wanted)


def give(admin: Connection) -> Tokens:
    """None can be given that is not the operator's."""
    raise Refused(
        f"the database {admin.bucket} is ready, but InfluxDB 3 Core at {admin.url} has no tokens with fewer rights: "
        "put one of its own into both token files that the settings name"
    )
