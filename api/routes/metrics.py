"""Numbers for Prometheus."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder

from api.services import NEVER, Given

router: Final = APIRouter(tags=["operation"])


@router.get("/metrics", include_in_schema=False)
def metrics(given: Given, request: Request) -> Response:
    """All of `api.telemetry.METRICS`, in the format that the asking side prefers."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    headers = {"Cache-Control": NEVER, "Content-Type": content_type}
    return Response(encode(given.telemetry.registry), headers=headers)
