"""The description of the API, for programs and for people. All of its files come from this host."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.openapi import PREFIX
from api.services import FIXED, Given

router: Final = APIRouter(tags=["page"])


@router.get(f"{PREFIX}/openapi.json", include_in_schema=False)
async def description(request: Request) -> Response:
    """The OpenAPI description."""
    return JSONResponse(request.app.openapi(), headers={"Cache-Control": FIXED})


@router.get("/docs", include_in_schema=False)
async def docs(given: Given) -> Response:
    """Swagger UI over our own OpenAPI description."""
    return HTMLResponse(given.pages.docs(), headers={"Cache-Control": FIXED})
