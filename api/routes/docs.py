"""The description of the API for people. All of its files come from this host."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.services import FIXED, Given

router: Final = APIRouter(tags=["page"])


@router.get("/docs", include_in_schema=False)
async def docs(given: Given) -> Response:
    """Swagger UI over our own OpenAPI description."""
    return HTMLResponse(given.pages.docs(), headers={"Cache-Control": FIXED})
