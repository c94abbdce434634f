"""Query parameters that several routes share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from .errors import BadRequest
from .settings import ApiSettings
from .stations import Box, Filter


def _box(text: str) -> Box | None:
    """`west,south,east,north` in degrees, "" meaning everywhere. Raises `BadRequest`."""
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise BadRequest("bbox", "is not west,south,east,north in degrees") from None
    edges_hold = -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
    if not edges_hold or not all(map(math.isfinite, (west, south, east, north))):
        raise BadRequest("bbox", "is no rectangle on the Earth: -180 to 180, -90 to 90, south before north")
    return Box(west, south, east, north)


def _place_filter(
    organisation: Annotated[str, Query(max_length=100, description="Id of the city or other owner.")] = "",
    kind: Annotated[str, Query(max_length=100, description="bin or tree")] = "",
    bbox: Annotated[str, Query(max_length=100, description="west,south,east,north in WGS 84 degrees")] = "",
) -> Filter:
    return Filter(organisation, kind, box=_box(bbox))


def _station_filter(
    place: Annotated[Filter, Depends(_place_filter)],
    state: Annotated[str, Query(max_length=100, description="ok, soon, full, dry, critical or unknown")] = "",
) -> Filter:
    return Filter(place.organisation, place.kind, state, place.box)


Places = Annotated[Filter, Depends(_place_filter)]
"""Parameters that choose stations by what does not change."""

Chosen = Annotated[Filter, Depends(_station_filter)]
"""Parameters that choose stations, by their state too."""


@dataclass(frozen=True, slots=True)
class Paging:
    """How many items a page holds (None: the server's own size), and the token of the page, "" for the first."""

    limit: int | None
    token: str

    def size(self, settings: ApiSettings) -> int:
        """Items of this page, cut to the server's limit."""
        return min(self.limit or settings.page_size, settings.max_page_size)


def _paging(
    limit: Annotated[int | None, Query(ge=1, description="Items a page; cut to the server's limit.")] = None,
    page: Annotated[str, Query(max_length=512, description="Opaque token out of `next`.")] = "",
) -> Paging:
    return Paging(limit, page)


Paged = Annotated[Paging, Depends(_paging)]
"""Parameters that choose the page."""
