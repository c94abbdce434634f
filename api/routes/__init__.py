"""One file a resource; `ROUTERS` is all of them."""

from __future__ import annotations

from typing import Final

from . import docs, health, latest, metrics, observations, page, quantities, stations, status, stream

ROUTERS: Final = (
    health.router,
    stations.router,
    latest.router,
    observations.router,
    quantities.router,
    stream.router,
    status.router,
    metrics.router,
    docs.router,
    page.router,
)
