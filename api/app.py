"""Builds the app out of what the door hands in."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware

from sinks.books import Accounting
from sinks.ports import Reader, Registry

from . import errors
from .feed import Feed
from .latest import LatestValues
from .middleware import AnswerHead, Count, Protect
from .openapi import complete
from .routes import ROUTERS
from .services import Services
from .settings import ApiSettings
from .telemetry import Telemetry
from .web import STATIC, SWAGGER, Pages

_EXPOSED: Final = ("Link", "ETag", "Retry-After", "Content-Language")


class OpenDataApi(FastAPI):
    """FastAPI with our own description of shapes and errors."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema


def create_app(settings: ApiSettings, reader: Reader, registry: Registry, books: Accounting | None) -> FastAPI:
    """The API over these stores and the intake's books. They stay the caller's to close, after the app has stopped."""
    app = OpenDataApi(
        title=settings.title,
        version="1",
        description="Bin levels and soil moisture as open data. Errors are problem details (RFC 9457).",
        license_info={"name": settings.licence.name, "url": settings.licence.url},
        servers=[{"url": settings.base_url}] if settings.base_url else None,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = _services(settings, reader, registry, books)
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/web/swagger", StaticFiles(directory=SWAGGER), name="swagger")
    app.mount("/web", StaticFiles(directory=STATIC), name="web")
    _wrap(app, settings)
    return app


def _services(settings: ApiSettings, reader: Reader, registry: Registry, books: Accounting | None) -> Services:
    latest = LatestValues(reader, registry, settings)
    feed = Feed(latest.board, settings.latest_ttl_s, settings.max_stream_clients)
    telemetry = Telemetry(books, lambda: feed.clients)
    return Services(settings, reader, registry, books, latest, feed, telemetry, Pages(settings))


def _wrap(app: FastAPI, settings: ApiSettings) -> None:
    """Middleware, the innermost first."""
    services: Services = app.state.services
    app.add_middleware(Count, telemetry=services.telemetry)
    app.add_middleware(AnswerHead)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=("GET", "HEAD", "OPTIONS"),
        expose_headers=_EXPOSED,
        max_age=86_400,
    )
    app.add_middleware(Protect, settings=settings)
