"""One page of observations out of a store, by time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Final, NamedTuple

from msgspec import Meta

from sinks.ports import Reader, Row, Selection, series_key

from .answers import Observation
from .observations import observations

_ROWS_A_READ: Final = 1000
_READS_A_PAGE: Final = 20
"""A rare quantity may hide in many rows: after so many reads the page ends short, and the next one goes on."""


class Position(NamedTuple):
    """Unix milliseconds, and how many of the wanted observations at that instant have been given already."""

    time_ms: Annotated[int, Meta(ge=0, le=2**43)]
    given: Annotated[int, Meta(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Observations in order of time, and where the next page begins (None: there is none)."""

    items: list[Observation]
    following: Position | None


def read_page(reader: Reader, selection: Selection, quantities: Collection[str], start: Position, limit: int) -> Page:
    """Up to `limit` observations of the selection from `start` on; no `quantities` means all of them."""
    start_ms, given = start
    found: list[tuple[int, Observation]] = []
    last_ms, ended = start_ms, False
    for rows in _chunks(reader, replace(selection, from_ms=start_ms)):
        found += [(row.time_ms, one) for row in rows for one in _wanted(row, quantities)]
        last_ms = rows[-1].time_ms if rows else last_ms
        ended = len(rows) < _ROWS_A_READ
        if ended or len(found) > given + limit:
            break
    given = sum(1 for time_ms, _ in found[:given] if time_ms == start_ms)
    page = found[given : given + limit]
    if len(found) > given + limit:
        last_ms = page[-1][0]
    elif ended:
        return Page([one for _, one in page], None)
    had = sum(1 for time_ms, _ in found[: given + limit] if time_ms == last_ms)
    return Page([one for _, one in page], Position(last_ms, had))


def _chunks(reader: Reader, selection: Selection) -> Iterator[list[Row]]:
    after: tuple[int, str] | None = None
    for _ in range(_READS_A_PAGE):
        rows = reader.rows(selection, after, _ROWS_A_READ)
        yield rows
        if rows:
            after = (rows[-1].time_ms, series_key(rows[-1].tags))


def _wanted(row: Row, quantities: Collection[str]) -> Iterator[Observation]:
    return (one for one in observations(row) if not quantities or one.quantity in quantities)
