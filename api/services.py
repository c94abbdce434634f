"""What routes answer from, and how an answer is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from fastapi import Depends, Request, Response

from sinks.books import Accounting
from sinks.ports import Reader, Registry

from .answers import About, Answer, Licence
from .feed import Feed
from .latest import LatestValues
from .settings import ApiSettings
from .telemetry import Telemetry
from .times import rfc3339
from .web import Pages

LIVE: Final = "public, max-age=1"
SETTLED: Final = "public, max-age=300"
FIXED: Final = "public, max-age=3600"
NEVER: Final = "no-store"


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that is shared by the requests of one app."""

    settings: ApiSettings
    reader: Reader
    registry: Registry
    books: Accounting | None
    latest: LatestValues
    feed: Feed
    telemetry: Telemetry
    pages: Pages

    def about(self, as_of_ms: int) -> About:
        """Who publishes this and under which terms; goes with every collection."""
        licence = Licence(name=self.settings.licence.name, url=self.settings.licence.url)
        publisher, attribution = self.settings.publisher, self.settings.attribution
        return About(as_of=rfc3339(as_of_ms), licence=licence, publisher=publisher, attribution=attribution)


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Given = Annotated[Services, Depends(_services)]
"""Parameter type of a route that needs the services."""


def answer(body: Answer, cache: str, links: tuple[str, ...] = (), media_type: str = "application/json") -> Response:
    """A 200 with this body. `links`: values of Link headers."""
    headers = {"Cache-Control": cache}
    if links:
        headers["Link"] = ", ".join(links)
    return Response(msgspec.json.encode(body), headers=headers, media_type=media_type)


def links(services: Services, following: str | None) -> tuple[str, ...]:
    """Link headers (RFC 8288) of a collection: its licence, and the next page when there is one."""
    licence = f'<{services.settings.licence.url}>; rel="license"'
    return (licence,) if following is None else (licence, f'<{following}>; rel="next"')
