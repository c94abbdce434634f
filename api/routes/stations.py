"""Bins and trees with their newest values, as JSON and GeoJSON."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from api.answers import FeatureCollection, Station, Stations
from api.errors import NotFound
from api.openapi import PREFIX, described
from api.parameters import Chosen, Paged
from api.services import LIVE, Given, Services, answer, links
from api.station_pages import station_page
from api.stations import feature

router: Final = APIRouter(prefix=PREFIX, tags=["stations"])
_GEOJSON: Final = "application/geo+json"


@router.get("/stations", responses=described(Stations))
def stations(given: Given, request: Request, chosen: Chosen, paging: Paged) -> Response:
    """Stations by id, a page at a time."""
    board = given.latest.board()
    found = station_page(given.settings, request, board, chosen, paging)
    body = Stations(meta=given.about(board.as_of_ms), items=found.items, next=found.following)
    return answer(body, LIVE, links(given, found.following))


@router.get("/stations.geojson", responses=described(FeatureCollection, _GEOJSON))
def stations_geojson(given: Given, chosen: Chosen) -> Response:
    """All stations at once for a map."""
    board = given.latest.board()
    features = [feature(one) for one in board.stations.values() if chosen.admits(one)]
    body = FeatureCollection(meta=given.about(board.as_of_ms), features=features)
    return answer(body, LIVE, links(given, None), _GEOJSON)


@router.get("/stations/{station_id}", responses=described(Station))
def one_station(given: Given, station_id: str) -> Response:
    """One station."""
    return answer(find(given, station_id), LIVE)


def find(given: Services, station_id: str) -> Station:
    """A station by its id. Raises `NotFound`."""
    found = given.latest.board().stations.get(station_id)
    if found is None:
        raise NotFound("There is no station with this id.")
    return found
