"""The page for citizens and staff."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import HTMLResponse

from api.parameters import Chosen
from api.services import NEVER, Given
from api.web import Content, choose_language
from sinks.errors import SinkError

from .status import account

router: Final = APIRouter(tags=["page"])


@router.get("/", include_in_schema=False)
def page(
    given: Given,
    chosen: Chosen,
    lang: Annotated[str, Query(max_length=10)] = "",
    accept_language: Annotated[str, Header()] = "",
) -> Response:
    """A list of all stations, whole without JavaScript; with it, the list lives."""
    language = choose_language(lang, accept_language)
    try:
        content = Content(given.latest.board(), account(given), chosen)
    except SinkError:
        body, status = given.pages.unavailable(language), 503
    else:
        body, status = given.pages.overview(content, language), 200
    headers = {"Cache-Control": NEVER, "Content-Language": language, "Vary": "Accept-Language"}
    return HTMLResponse(body, status, headers)
