"""One file a resource; `ROUTERS` is all of them."""

from __future__ import annotations

from typing import Final

from . import docs, health, latest, metrics, observations, page, quantities, stations, status, stream

ROUTERS: Final = tuple(
    module.router
    for module in (health, stations, latest, observations, quantities, stream, status, metrics, docs, page)
)
