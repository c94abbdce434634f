"""What a station has observed in a range of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from api.answers import Observations, Station
from api.errors import BadRequest
from api.history import Page, Position, read_page
from api.observations import MEASUREMENT_OF_KIND, PUBLISHED
from api.openapi import PREFIX, described
from api.paging import decode, encode, next_link
from api.parameters import Paged
from api.services import LIVE, SETTLED, Given, Services, answer, links
from api.times import rfc3339, unix_ms
from sinks.ports import Selection

from .stations import find

router: Final = APIRouter(prefix=PREFIX, tags=["observations"])

_DAY_MS: Final = 86_400_000
_LAST_MS: Final = unix_ms(datetime(2200, 1, 1, tzinfo=UTC))
_NAMES: Final = frozenset(quantity.key for group in PUBLISHED.values() for quantity in group)


@dataclass(frozen=True, slots=True)
class Question:
    """Which observations: `from_ms` included, `to_ms` excluded, no `quantities` means all."""

    from_ms: int
    to_ms: int
    quantities: frozenset[str]

    def text(self, station_id: str) -> str:
        """All of it as one text, for page tokens."""
        return repr((station_id, self.from_ms, self.to_ms, sorted(self.quantities)))


def _question(
    begin: Annotated[
        AwareDatetime | None, Query(alias="from", description="Inclusive; a day before `to` when absent.")
    ] = None,
    to: Annotated[AwareDatetime | None, Query(description="Exclusive; now when absent.")] = None,
    quantity: Annotated[
        list[str] | None, Query(max_length=20, description="Keys of /quantities; all when absent.")
    ] = None,
) -> Question:
    to_ms = _now_ms() if to is None else unix_ms(to)
    from_ms = to_ms - _DAY_MS if begin is None else unix_ms(begin)
    if not 0 <= from_ms < to_ms <= _LAST_MS:
        raise BadRequest("from", "must be before `to`, and both between 1970 and 2200")
    wanted = frozenset(quantity or ())
    if not wanted <= _NAMES:
        raise BadRequest("quantity", "is not a key of /api/v1/quantities")
    return Question(from_ms, to_ms, wanted)


Asked = Annotated[Question, Depends(_question)]


@router.get("/stations/{station_id}/observations", responses=described(Observations))
def observations(given: Given, request: Request, station_id: str, asked: Asked, paging: Paged) -> Response:
    """Observations from (inclusive) to (exclusive), ordered by time, a page at a time."""
    station = find(given, station_id)
    text = asked.text(station_id)
    start = decode(paging.token, text, Position) if paging.token else Position(asked.from_ms)
    found = _read(given, station, asked, start, paging.size(given.settings))
    following = None
    if found.following is not None:
        changed = {"from": rfc3339(asked.from_ms), "to": rfc3339(asked.to_ms), "page": encode(found.following, text)}
        following = next_link(request, given.settings.base_url, changed)
    body = Observations(meta=given.about(asked.to_ms), station=station_id, items=found.items, next=following)
    return answer(body, SETTLED if asked.to_ms < _now_ms() - _DAY_MS else LIVE, links(given, following))


def _read(given: Services, station: Station, asked: Question, start: Position, size: int) -> Page:
    measurement = MEASUREMENT_OF_KIND.get(station.kind)
    if measurement is None:
        return Page([], None)
    selection = Selection(measurement, start.time_ms, asked.to_ms, station.organisation, station.id)
    return read_page(given.reader, selection, asked.quantities, start, size)


def _now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
