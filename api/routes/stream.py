"""Changes of stations as they happen, by Server-Sent Events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from api.feed import Feed, Subscription
from api.openapi import PREFIX
from api.parameters import Places
from api.services import Given

router: Final = APIRouter(prefix=PREFIX, tags=["observations"])
_RETRY_MS: Final = 3000
_STREAM: Final = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


@router.get("/stream", response_class=EventSourceResponse, responses=_STREAM)  # type: ignore[arg-type]
async def stream(
    given: Given,
    places: Places,
    last_event_id: Annotated[int, Header(ge=0, description="Where to go on; browsers send it by themselves.")] = 0,
    since: Annotated[int, Query(ge=0, description="The same for the first connection: Unix milliseconds.")] = 0,
) -> EventSourceResponse:
    """`latest` with the station object whenever it changed, `gone` when it was removed, `store` when it fell silent.

    Without a place to go on, every station comes once at the beginning.
    """
    client = given.feed.subscribe(places, last_event_id or since)
    return _Stream(given.feed, client, given.settings.heartbeat_s)


class _Stream(EventSourceResponse):
    """Counts its client out however it ends, also when it ends before the first event."""

    def __init__(self, feed: Feed, client: Subscription, heartbeat_s: float) -> None:
        super().__init__(_events(feed, client), ping=heartbeat_s, ping_message_factory=_heartbeat, sep="\n")
        self._feed = feed
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feed.leave(self._client)


def _heartbeat() -> ServerSentEvent:
    return ServerSentEvent(comment="alive")


async def _events(feed: Feed, client: Subscription) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(comment="listening", retry=_RETRY_MS)
    async for event, is_last in feed.events(client):
        yield ServerSentEvent(event.data, event=event.name, id=str(event.time_ms) if is_last else None)
