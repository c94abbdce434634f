"""Pages of stations, ordered by id."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from fastapi import Request

from .answers import Station
from .latest import Board
from .paging import decode, encode, next_link
from .parameters import Paging
from .settings import ApiSettings
from .stations import Filter


@dataclass(frozen=True, slots=True)
class StationPage:
    """Stations of one page and the address of the next (None: there is none)."""

    items: list[Station]
    following: str | None


def station_page(settings: ApiSettings, request: Request, board: Board, chosen: Filter, paging: Paging) -> StationPage:
    """The chosen stations behind the one that the token names."""
    size = paging.size(settings)
    question = repr(chosen)
    after = decode(paging.token, question, str) if paging.token else ""
    behind = (one for key, one in board.stations.items() if key > after and chosen.admits(one))
    found = list(islice(behind, size + 1))
    if len(found) <= size:
        return StationPage(found, None)
    page = found[:size]
    changed = {"page": encode(page[-1].id, question)}
    return StationPage(page, next_link(request, settings.base_url, changed))
