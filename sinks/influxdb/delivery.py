"""Gets a batch into InfluxDB although some of it will never be taken.

A server names the bad lines of a 400, of a 422 only one reason and a number; which points it means is found by halving.
A 3 numbers them.
What was stored meanwhile is stored again by the halves: the same series and time is the same row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from influxdb_client.rest import ApiException

from sinks.guard import Code, without
from sinks.influxdb.connection import message
from sinks.influxdb.lines import line
from sinks.model import Point
from sinks.ports import Rejected

Item = tuple[Point, bytes]
"""A point and its line."""

_CONFLICT = re.compile(r'input field "([^"]+)" on measurement "[^"]+" is type \w+, already exists as type \w+')
_COLUMN = re.compile(r"invalid column type for column '([^']+)', expected \S+, got \S+")
_DROPPED = (  # a 2's words and a 1's
    re.compile(r"dropped (\d+) points outside retention policy"),
    re.compile(r"points beyond retention policy dropped=(\d+)"),
)
_TOO_OLD = re.compile(r"(?:outside|beyond) retention policy")  # a 1.12 names the policy beside every reason
_SUSPECT_TRIES = 100


class Delivery:
    """One batch on its way. After `run`: `accepted` points are stored, `rejected` says which were not, and why.

    `post`: sends a body, raises `ApiException`. `suspicious`: the same batch has met a 500 too often; take it apart to
    find the line that the server cannot stand. A line is at fault only when the server refuses it twice and takes
    another one right after; else the server is, as when its cache is full.
    """

    def __init__(self, post: Callable[[bytes], None], *, suspicious: bool = False) -> None:
        self.accepted = 0
        self.rejected: list[Rejected] = []
        self._post = post
        self._tries_left = _SUSPECT_TRIES if suspicious else 0
        self._suspects: list[tuple[Item, ApiException]] = []
        self._witness = b""

    def run(self, items: Sequence[Item]) -> None:
        """Send them. Errors that say nothing about single points come out as they are."""
        pending = [items] if items else []
        while pending:
            batch = pending.pop()
            try:
                self._post(b"\n".join([text for _, text in batch]))
            except ApiException as error:
                pending += self._what_is_left(batch, error)
            else:
                self.accepted += len(batch)
                self._witness = batch[0][1]
        self._judge_suspects()

    def _what_is_left(self, batch: Sequence[Item], error: ApiException) -> list[Sequence[Item]]:
        match error.status:
            case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY if numbered := _numbered(error, len(batch)):
                return self._numbered(batch, numbered)
            case HTTPStatus.BAD_REQUEST:
                return self._malformed(batch, message(error))
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                return self._partly_written(batch, message(error))
            case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return self._halves(batch, "too large for the server")
            case HTTPStatus.INTERNAL_SERVER_ERROR if self._tries_left:
                return self._suspect(batch, error)
        raise error

    def _numbered(self, batch: Sequence[Item], numbered: Mapping[int, str]) -> list[Sequence[Item]]:
        """A 3 has stored the rest; it is sent again, as not all that were refused may have been named."""
        left: list[Sequence[Item]] = []
        for number, why in numbered.items():
            conflict = _COLUMN.search(why)
            if conflict and conflict[1] in batch[number - 1][0].fields:
                left += self._without_field(batch[number - 1][0], conflict)
            else:
                self._reject([batch[number - 1]], Code.SERVER, why)
        return left + self._rest(batch, [batch[number - 1] for number in numbered])

    def _malformed(self, batch: Sequence[Item], said: str) -> list[Sequence[Item]]:
        named = [item for item in batch if f"unable to parse '{item[1].decode()}'" in said]
        if not named:
            return self._partly_written(batch, said)
        self._reject(named, Code.SERVER, said)
        return self._rest(batch, named)

    def _partly_written(self, batch: Sequence[Item], said: str) -> list[Sequence[Item]]:
        dropped = [int(found[1]) for words in _DROPPED if (found := words.search(said))]
        if dropped == [len(batch)]:
            self._reject(batch, Code.RETENTION, said)
            return []
        conflict = _CONFLICT.search(said)
        if len(batch) == 1 and conflict and conflict[1] in batch[0][0].fields:
            return self._without_field(batch[0][0], conflict)
        return self._halves(batch, said)

    def _without_field(self, point: Point, conflict: re.Match[str]) -> list[Sequence[Item]]:
        """The server drops the whole row for one field: give it the other fields, if there are any."""
        rest = without(point, [conflict[1]])
        self.rejected.append(Rejected(point, Code.FIELD_TYPE, conflict[0], conflict[1] if rest.fields else None))
        return [[(rest, line(rest))]] if rest.fields else []

    def _halves(self, batch: Sequence[Item], said: str) -> list[Sequence[Item]]:
        if len(batch) == 1:
            self._reject(batch, Code.RETENTION if _TOO_OLD.search(said) else Code.SERVER, said)
            return []
        middle = len(batch) // 2
        return [batch[middle:], batch[:middle]]

    def _suspect(self, batch: Sequence[Item], error: ApiException) -> list[Sequence[Item]]:
        self._tries_left -= 1
        if len(batch) > 1:
            return self._halves(batch, "")
        self._suspects.append((batch[0], error))
        return []

    def _judge_suspects(self) -> None:
        for item, error in self._suspects:
            if not self._witness:
                raise error
            try:
                self._post(item[1])
            except ApiException as again:
                if again.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                self._post(self._witness)
                self._reject([item], Code.SERVER, message(again))
            else:
                self.accepted += 1

    def _rest(self, batch: Sequence[Item], named: Sequence[Item]) -> list[Sequence[Item]]:
        gone = {id(item) for item in named}
        rest = [item for item in batch if id(item) not in gone]
        return [rest] if rest else []

    def _reject(self, items: Sequence[Item], code: Code, said: str) -> None:
        self.rejected += [Rejected(point, code, said[:300]) for point, _ in items]


def _numbered(error: ApiException, lines: int) -> dict[int, str]:
    """Line number to reason, as a 3 names what it refused; {} when it is none."""
    try:
        match json.loads(error.body or ""):
            case {"data": [*named]}:
                found = {it["line_number"]: str(it["error_message"]) for it in named}
                return {number: why for number, why in found.items() if number in range(1, lines + 1)}
    except (ValueError, KeyError, TypeError):
        pass
    return {}
