"""Whether the process lives, and whether it can answer."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from api.answers import Health, Ready
from api.errors import problem
from api.openapi import PREFIX, described
from api.services import NEVER, Given, Services, answer
from sinks.errors import SinkError
from sinks.ports import Selection

router: Final = APIRouter(prefix=PREFIX, tags=["operation"])


@router.get("/health", responses=described(Health))
async def health() -> Response:
    """The process answers; says nothing about the data behind it."""
    return answer(Health(status="ok"), NEVER)


@router.get("/ready", responses=described(Ready))
def ready(given: Given) -> Response:
    """Store, registry and books can be reached; 503 names those that cannot."""
    parts = _parts(given)
    silent = [name for name, ask in parts.items() if not _answers(ask)]
    if silent:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", f"No answer from: {', '.join(silent)}.")
    return answer(Ready(status="ready", parts=list(parts)), NEVER)


def _parts(given: Services) -> dict[str, Callable[[], object]]:
    parts: dict[str, Callable[[], object]] = {
        "store": lambda: given.reader.latest(Selection("bin_level", 0, 1)),
        "registry": given.registry.revision,
    }
    return parts if given.books is None else parts | {"ledger": given.books.ledger.cursors}


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except SinkError:
        return False
    return True
