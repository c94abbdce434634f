"""Newest values only: of one station, of all."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from api.answers import Condition, Conditions, Station
from api.openapi import PREFIX, described
from api.parameters import Chosen, Paged
from api.services import LIVE, Given, answer, links
from api.station_pages import station_page

from .stations import find

router: Final = APIRouter(prefix=PREFIX, tags=["observations"])


@router.get("/stations/{station_id}/latest", responses=described(Condition))
def latest_of_station(given: Given, station_id: str) -> Response:
    """Newest value of each quantity of one station."""
    return answer(_condition(find(given, station_id)), LIVE)


@router.get("/latest", responses=described(Conditions))
def latest(given: Given, request: Request, chosen: Chosen, paging: Paged) -> Response:
    """Newest value of each quantity of all stations, a page at a time."""
    board = given.latest.board()
    found = station_page(given.settings, request, board, chosen, paging)
    items = [_condition(one) for one in found.items]
    body = Conditions(meta=given.about(board.as_of_ms), items=items, next=found.following)
    return answer(body, LIVE, links(given, found.following))


def _condition(of: Station) -> Condition:
    return Condition(id=of.id, state=of.state, stale=of.stale, last_seen=of.last_seen, age_s=of.age_s, latest=of.latest)
