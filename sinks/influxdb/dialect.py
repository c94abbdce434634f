"""How the generations of InfluxDB are spoken to, all in one place.

A server names its version in the header `X-Influxdb-Version` of `/ping`. One that names none is taken for a 2, since a
proxy may have cut it off. What an answer means is the same for all and stands in `connection` and `delivery`.

Source: InfluxDB 1.8, 2 and 3 Core documentation, "API reference"; servers 1.6.7 and 2.9.1 as they answer.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sinks.errors import Refused

Query = Sequence[tuple[str, str]]
"""What stands behind the question mark of an address."""

VERSION_HEADER: Final = "X-Influxdb-Version"
_BOUND: Final = re.compile(r'"(?:\\.|[^"\\])*"|\$(\w+)')
"""A name in quotes, which holds no value, or the place of a value."""
_IN_NAME: Final = str.maketrans({'"': r"\"", "\\": r"\\", "\n": r"\n"})
_IN_TEXT: Final = str.maketrans({"'": r"\'", "\\": r"\\", "\n": r"\n"})


class Dialect(Protocol):
    """One generation. `writes_to`: path of a write."""

    generation: int
    writes_to: str

    def authorization(self, token: str) -> str:
        """The header that shows who we are."""

    def place(self, org: str, bucket: str) -> Query:
        """Where a write goes, with times in milliseconds."""

    def question(self, bucket: str, text: str, values: Mapping[str, Any]) -> Query:
        """InfluxQL with bound values for `/query`, to be answered with times in milliseconds."""


class One:
    """1.x: a bucket is `database` or `database/policy`, a token is `user:password`.

    `/write` and not the 2's `/api/v2/write`, which only 1.8 and newer have; both answer alike.
    """

    generation = 1
    writes_to = "/write"

    def authorization(self, token: str) -> str:
        if ":" not in token:
            raise Refused("this is an InfluxDB 1: give it user:password for a token")
        return f"Basic {b64encode(token.encode()).decode()}"

    def place(self, org: str, bucket: str) -> Query:  # noqa: ARG002  # a 1 has no organisations
        return [*_database(bucket), ("precision", "ms")]

    def question(self, bucket: str, text: str, values: Mapping[str, Any]) -> Query:
        return [*_database(bucket), *_asked(text, values)]


class Two:
    """2.x: organisations, buckets and tokens; InfluxQL takes the bucket's name for a database's."""

    generation = 2
    writes_to = "/api/v2/write"

    def authorization(self, token: str) -> str:
        return f"Token {token}"

    def place(self, org: str, bucket: str) -> Query:
        return [("org", org), ("bucket", bucket), ("precision", "ms")]

    def question(self, bucket: str, text: str, values: Mapping[str, Any]) -> Query:
        return [("db", bucket), *_asked(text, values)]


class Three:
    """3.x: databases, and tables whose tags are fixed when they are made. Values of a query are written into its text.

    `/api/v3/write_lp` and not the 2's route, since it alone stores the good lines beside a bad one and numbers that.
    """

    generation = 3
    writes_to = "/api/v3/write_lp"

    def authorization(self, token: str) -> str:
        return f"Bearer {token}"

    def place(self, org: str, bucket: str) -> Query:  # noqa: ARG002  # a 3 has no organisations
        return [("db", bucket), ("precision", "millisecond"), ("accept_partial", "true")]

    def question(self, bucket: str, text: str, values: Mapping[str, Any]) -> Query:
        return [("db", bucket), ("epoch", "ms"), ("q", written_out(text, values))]


def dialect_of(version: str) -> Dialect:
    """Of a server that names this version, as "v2.9.1" or "1.6.7~rc0"; "" is taken for a 2."""
    match version.lstrip("v").partition(".")[0]:
        case "0" | "1":
            return One()
        case "3":
            return Three()
    return Two()


def written_out(text: str, values: Mapping[str, Any]) -> str:
    """InfluxQL with its values in their places: whole numbers as they are, everything else as a string."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0]
        given = values[name]
        return str(given) if isinstance(given, int) else literal(given)

    return _BOUND.sub(value, text)


def database_and_policy(bucket: str) -> tuple[str, str]:
    """What an InfluxDB 1 keeps rows in; policy "" is the database's default."""
    database, _, policy = bucket.partition("/")
    return database, policy


def identifier(name: str) -> str:
    """A name in InfluxQL, where it cannot be bound."""
    return '"' + name.translate(_IN_NAME) + '"'


def literal(text: str) -> str:
    """A string in InfluxQL, where it cannot be bound."""
    return "'" + text.translate(_IN_TEXT) + "'"


def _database(bucket: str) -> Query:
    database, policy = database_and_policy(bucket)
    return [("db", database), *([("rp", policy)] if policy else [])]


def _asked(text: str, values: Mapping[str, Any]) -> Query:
    return [("epoch", "ms"), ("q", text), ("params", json.dumps(values))]
