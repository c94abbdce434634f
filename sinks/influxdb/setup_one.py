"""An InfluxDB 1 made ready: first user, database with its policy, and two users with the least rights.

A bucket is `database` or `database/policy`, without a policy the database's default. A token is `user:password`. Rights
are by database, so the users of two policies of one database may both write to both.
Source: InfluxDB 1.8 documentation, "Manage your database using InfluxQL" and "Authentication and authorization".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final
from urllib.parse import quote

from influxdb_client.rest import ApiException

from sinks.influxdb.connection import DAY_S, Connection, Tokens, message
from sinks.influxdb.dialect import database_and_policy, identifier, literal
from sinks.influxdb.session import Session

_SECONDS: Final = {"h": 3600, "m": 60, "s": 1}


def onboard(admin: Connection) -> bool:
    """As `setup.onboard`: the connection's user with its password becomes the first one, who may do everything."""
    user, _, password = admin.token.partition(":")
    with _asking(admin) as session:
        if _has_operator(session):
            return False
        session.tell(f"CREATE USER {identifier(user)} WITH PASSWORD {literal(password)} WITH ALL PRIVILEGES")
        return True


def keep(admin: Connection, retention_days: int) -> None:
    """See to database and policy; 0 keeps its rows for ever."""
    database, policy = database_and_policy(admin.bucket)
    with _asking(admin) as session:
        session.tell(f"CREATE DATABASE {identifier(database)}")
        found = policies(session, database)
        name = policy or _default(found)
        where = f"RETENTION POLICY {identifier(name)} ON {identifier(database)} DURATION {retention_days}d"
        if name not in found:
            session.tell(f"CREATE {where} REPLICATION 1")
        elif found[name][0] != retention_days * DAY_S:
            session.tell(f"ALTER {where} SHARD DURATION 0s")  # 0: as the server finds right for it


def give(admin: Connection) -> Tokens:
    """New users for the bucket; those that were given before end."""
    database, _ = database_and_policy(admin.bucket)
    with _asking(admin) as session:
        there = {values[0] for series in session.ask("SHOW USERS", {}) for values in series.get("values", ())}
        tokens = []
        for right in ("write", "read"):
            name, password = f"{quote(admin.bucket, safe='')}-{right}", secrets.token_urlsafe(24)
            if name in there:
                session.tell(f"DROP USER {identifier(name)}")
            session.tell(f"CREATE USER {identifier(name)} WITH PASSWORD {literal(password)}")
            session.tell(f"GRANT {right.upper()} ON {identifier(database)} TO {identifier(name)}")
            tokens.append(f"{name}:{password}")
        return Tokens(*tokens)


def kept_s(connection: Connection) -> int:
    """Seconds that the policy keeps its rows, 0 for ever; a token that reads may ask."""
    database, policy = database_and_policy(connection.bucket)
    with _asking(connection) as session:
        found = policies(session, database)
        return found[policy or _default(found)][0]


def policies(session: Session, database: str) -> dict[str, tuple[int, bool]]:
    """Retention policies of a database: seconds that each keeps (0: for ever), and whether it is the default."""
    found = session.ask(f"SHOW RETENTION POLICIES ON {identifier(database)}", {})
    rows = [dict(zip(series["columns"], values, strict=True)) for series in found for values in series["values"]]
    return {row["name"]: (seconds(row["duration"]), row["default"]) for row in rows}


def seconds(duration: str) -> int:
    """Of a duration as the server prints it: "720h0m0s"."""
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def _default(found: Mapping[str, tuple[int, bool]]) -> str:
    return next(name for name, (_, is_default) in found.items() if is_default)


@contextmanager
def _asking(connection: Connection) -> Iterator[Session]:
    with closing(Session(connection)) as session, session.errors():
        yield session


def _has_operator(session: Session) -> bool:
    """A server that asks for passwords and has no user yet refuses everything else with just these words."""
    try:
        return any(values[1] for series in session.ask("SHOW USERS", {}) for values in series.get("values", ()))
    except ApiException as error:
        if "create admin user first" in message(error):
            return False
        raise
