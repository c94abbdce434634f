"""HTTP: network servers post their messages here, and get their answer once the journal has them.

`POST /hooks/<source>` with the token of that source, or a key made by `smartcity keys create`, as `Authorization:
Bearer <token>` or `X-Token: <token>`; The Things Stack and ChirpStack can both send a header of one's own. What a
sender puts behind the source (`/dataUp` of one, the event of another) is part of the topic that is kept. Senders
give up after 5 to 10 s and most never try again, so nothing is processed before the answer: 204 means kept, anything
else means not kept.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Final, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sinks.model import Envelope

from .webhook_settings import HookSettings, WebhookSettings

_ANSWER_WITHIN_S: Final = 4.0

log = logging.getLogger(__name__)


Offer = Callable[[Envelope, Callable[[], None]], bool]
IsKey = Callable[[str], bool]
"""Whether a token is a key that opens webhooks; asks the registry."""


def create_webhooks(settings: WebhookSettings, offer: Offer, is_key: IsKey) -> Starlette:
    """The receiver as an application. `offer` hands an envelope over and later calls back from another thread."""
    hooks = {hook.name: hook for hook in settings.hooks}

    async def receive(request: Request) -> Response:
        hook = hooks.get(request.path_params["source"])
        if hook is None or not await asyncio.to_thread(_opens, hook, _token(request), is_key):
            return _problem(401, "wrong token or unknown source", "send the token of this source as a bearer token")
        body = await _bounded_body(request, settings.max_body_bytes)
        if body is None:
            return _problem(413, "message too large", f"at most {settings.max_body_bytes} bytes are taken")
        query = f"?{request.url.query}" if request.url.query else ""
        envelope = Envelope(hook.name, hook.network, f"{request.url.path}{query}", body, time.time_ns())
        if await _keep(envelope, offer):
            return Response(status_code=204)
        return _problem(503, "not kept", "the journal does not take messages now; send it again", retry_after=10)

    routes = [Route(path, receive, methods=["POST"]) for path in ("/hooks/{source}", "/hooks/{source}/{rest:path}")]
    return Starlette(routes=routes)


async def _keep(envelope: Envelope, offer: Offer) -> bool:
    """True once the journal has it; False when that takes longer than a sender waits."""
    loop, kept = asyncio.get_running_loop(), asyncio.Event()

    def told() -> None:
        loop.call_soon_threadsafe(kept.set)

    if not await asyncio.to_thread(offer, envelope, told):
        return False
    try:
        await asyncio.wait_for(kept.wait(), _ANSWER_WITHIN_S)
    except TimeoutError:
        return False
    return True


async def _bounded_body(request: Request, limit: int) -> bytes | None:
    """The body, or None as soon as it is larger than `limit`, whatever its header announced."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else request.headers.get("x-token", "")


def _opens(hook: HookSettings, token: str, is_key: IsKey) -> bool:
    own = hook.token.get_secret_value() if hook.token else None
    return (own is not None and hmac.compare_digest(token.encode(), own.encode())) or is_key(token)


def _problem(status: int, title: str, detail: str, retry_after: int | None = None) -> Response:
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(content, status, headers, media_type="application/problem+json")


class Desk(Protocol):
    """Where messages are handed over; a keeper is one."""

    def offer(self, envelopes: Sequence[Envelope], kept: Callable[[], None], stop: Event) -> bool:
        """Take messages and call `kept` once they are kept; False when they were not taken."""


class WebhookSource:
    """Serves the receiver until `stop`."""

    def __init__(self, settings: WebhookSettings, is_key: IsKey, keeper: Desk) -> None:
        self._settings = settings
        self._is_key = is_key
        self._keeper = keeper

    def run(self, stop: Event) -> None:
        """Receive until `stop` is set."""
        settings = self._settings
        app = create_webhooks(settings, lambda envelope, kept: self._keeper.offer([envelope], kept, stop), self._is_key)
        config = uvicorn.Config(
            app, settings.host, settings.port, log_config=None, access_log=False, timeout_graceful_shutdown=3
        )
        server = uvicorn.Server(config)
        serving = Thread(target=server.run, name="webhook", daemon=True)
        serving.start()
        stop.wait()
        server.should_exit = True
        serving.join(timeout=5)
