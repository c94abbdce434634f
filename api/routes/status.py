"""The pipeline's accounting."""

from __future__ import annotations

import time
from typing import Final

from fastapi import APIRouter, Response

from api.answers import SinkAccount, SourceRecord, Status
from api.openapi import PREFIX, described
from api.services import NEVER, Given, Services, answer
from api.times import rfc3339
from sinks.books import Account
from sinks.ports import SourceEvent

router: Final = APIRouter(prefix=PREFIX, tags=["operation"])


@router.get("/status", responses=described(Status))
def status(given: Given) -> Response:
    """What became of every message: counts by outcome for each sink, open dead letters by reason."""
    return answer(account(given), NEVER)


def account(given: Services) -> Status:
    """The books as they stand; empty where the API was started without them."""
    stations = len(given.latest.board().stations)
    if given.books is None:
        return Status(sinks={}, sources={}, dead_letters={}, stations=stations)
    now_ns = time.time_ns()
    sinks = {one.sink: _sink_account(one, now_ns) for one in given.books.accounts()}
    sources: dict[str, dict[str, SourceRecord]] = {}
    for event in given.books.events.all():
        sources.setdefault(event.source, {})[event.code] = _source_record(event, now_ns // 1_000_000)
    dead_letters = given.books.ledger.dead_letter_counts()
    return Status(sinks=sinks, sources=sources, dead_letters=dead_letters, stations=stations)


def _source_record(event: SourceEvent, now_ms: int) -> SourceRecord:
    first, last = rfc3339(event.first_ms), rfc3339(event.last_ms)
    return SourceRecord(count=event.count, first=first, last=last, alarm=event.alarm_until_ms > now_ms)


def _sink_account(one: Account, now_ns: int) -> SinkAccount:
    return SinkAccount(
        received=one.received,
        in_flight=one.in_flight,
        oldest_waiting_s=round(one.oldest_s(now_ns), 1),
        balanced=one.balanced,
        cursor=one.cursor,
        counts=dict(one.counts),
        frames=dict(one.frames),
        missing_frames=one.gaps.frames,
        found_frames=one.gaps.found,
        open_gaps=one.gaps.open,
    )
