"""The pipeline's accounting."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from api.answers import SinkAccount, Status
from api.openapi import PREFIX, described
from api.services import NEVER, Given, Services, answer

router: Final = APIRouter(prefix=PREFIX, tags=["operation"])


@router.get("/status", responses=described(Status))
def status(given: Given) -> Response:
    """What became of every message: counts by outcome for each sink, open dead letters by reason."""
    return answer(account(given), NEVER)


def account(given: Services) -> Status:
    """The books as they stand; empty where the API was started without them."""
    stations = len(given.latest.board().stations)
    if given.ledger is None:
        return Status(sinks={}, dead_letters={}, stations=stations)
    sinks = {
        sink: SinkAccount(cursor=cursor, counts=given.ledger.counts(sink), frames=given.ledger.frames(sink))
        for sink, cursor in given.ledger.cursors().items()
    }
    return Status(sinks=sinks, dead_letters=given.ledger.dead_letter_counts(), stations=stations)
