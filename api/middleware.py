"""What holds for every request: bounds, HEAD, headers that protect readers, and one count per answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import problem
from .settings import ApiSettings
from .telemetry import Telemetry

PROTECTION: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
"""Sent with every answer. The page runs its own files only: nothing inline, nothing from elsewhere."""

_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods with a metric label of their own; callers can think of any number of others."""


@dataclass(frozen=True, slots=True)
class Protect:
    """Refuses what is larger than any sensible question, and adds `PROTECTION` to every answer."""

    app: ASGIApp
    settings: ApiSettings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(PROTECTION)
            await send(message)

        refusal = _refusal(scope, self.settings)
        if refusal is None:
            await self.app(scope, receive, protected)
            return
        status, detail = refusal
        await problem(status, "too_large", detail)(scope, receive, protected)


def _refusal(scope: Scope, settings: ApiSettings) -> tuple[int, str] | None:
    if len(scope["query_string"]) > settings.max_query_bytes:
        return HTTPStatus.REQUEST_URI_TOO_LONG, f"The query is longer than {settings.max_query_bytes} bytes."
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or int(length) > settings.max_body_bytes:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {settings.max_body_bytes} bytes."
    return None


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """HEAD is GET without the body, on every route; a stream ends where its body would begin."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        started = asyncio.Event()

        async def headers_only(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                started.set()

        async def gone_after_headers() -> Message:
            await started.wait()
            return {"type": "http.disconnect"}

        await self.app({**scope, "method": "GET"}, gone_after_headers, headers_only)


@dataclass(frozen=True, slots=True)
class Count:
    """One count and one duration per answer, by the template of its route."""

    app: ASGIApp
    telemetry: Telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "unknown")
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self.telemetry.answered(route, method, message["status"], time.perf_counter() - begun)
            await send(message)

        await self.app(scope, receive, counted)
