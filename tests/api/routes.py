"""Every address that the API answers, filled with a station that exists."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

PAGES: Final = ("/", "/docs", "/metrics", "/api/v1/openapi.json", "/web/page.js", "/web/swagger/swagger-ui.css")


def documented(app: FastAPI) -> list[str]:
    """Path templates of the description."""
    return sorted(app.openapi()["paths"])


def addresses(app: FastAPI) -> list[str]:
    """All addresses: documented ones and pages."""
    return [*(path.replace("{station_id}", "of-bin-1") for path in documented(app)), *PAGES]
