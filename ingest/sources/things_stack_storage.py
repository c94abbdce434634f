"""The Things Stack's storage integration: what its MQTT server has dropped, asked for again.

That server sends QoS 0, keeps no session and drops behind 64 messages, so whatever is lost on the way is lost there;
its storage keeps uplinks (24 h in the Sandbox, 30 days in the Cloud) where the package is switched on. Asked every
`interval_s`, and at once when the MQTT source it completes has connected without a session. Messages are written there
in batches, minutes late, so each round begins `overlap_s` before the newest that was kept; what came by MQTT is then a
duplicate. Flagged `backfill`, through the same keeper.

    GET /api/v3/as/applications/<application>/packages/storage/uplink_message?after=…&limit=…&order=received_at

answers lines of JSON, each {"result": <message>}, or {"error": …} when the server fails on the way. More than `limit`
is asked for with the answer's continuation token, or, from servers that give none, behind its latest time.
Source: The Things Stack documentation, "Retrieve Messages" of its Storage Integration, service `ApplicationUpStorage`.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from pathlib import Path
from threading import Event
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

import msgspec

from ingest.networks.clock import parse, rfc3339
from sinks.errors import Refused, SinkError, Unavailable
from sinks.model import Envelope

from .backfill_settings import BackfillSettings

LIMIT: Final = 1_000
MOST_BYTES: Final = 1_048_576
"""Of one object; a real one has 2.3 KB."""
_BLOCK: Final = 65_536
RESPITE_S: Final = 10.0
"""Between two rounds, however often MQTT connects anew."""
RETRY_S: Final = (5.0, 15.0, 60.0, 300.0)
LONGEST_S: Final = 3600.0
_NS: Final = 1_000_000_000
_TOKENS: Final = ("X-Continuation-Token", "Grpc-Metadata-X-Continuation-Token")

log = logging.getLogger(__name__)


class _Message(msgspec.Struct):
    received_at: str = ""


class _Object(msgspec.Struct):
    result: _Message | None = None


_OBJECT: Final = msgspec.json.Decoder(_Object)


class Desk(Protocol):
    """Where messages are handed over; a keeper is one."""

    def offer(self, envelopes: Sequence[Envelope], kept: Callable[[], None], stop: Event) -> bool:
        """Take messages and call `kept` once they are kept, in order; False when they were not taken."""


class StorageSource:
    """Asks the storage as `name` until `stop`. `gap` is set by who knows that messages were lost.

    The file `state` holds the server's time of the newest message kept.
    """

    def __init__(self, settings: BackfillSettings, state: Path, gap: Event, keeper: Desk) -> None:
        self._settings = settings
        self._state = state
        self._gap = gap
        self._keeper = keeper
        self._pending: dict[str, str] | None = None
        self._newest_ns = 0
        self._failed = 0

    def run(self, stop: Event) -> None:
        """Ask now, then every interval and after each gap."""
        while not stop.is_set():
            self._gap.clear()
            respite, wait_s = self._try(stop)
            if not stop.wait(respite):
                self._wait_for_gap(stop, wait_s)

    def round(self, stop: Event) -> None:
        """Take all that is new since the last round. Raises `SinkError`; the next call goes on with the same page."""
        query: dict[str, str] | None = self._pending or self._first()
        kept = Event()
        kept.set()
        while query is not None:
            self._pending = query
            query, kept = self._take(query, kept, stop)
        while not kept.wait(0.2):
            if stop.is_set():
                return
        self._pending = None
        self._remember(min(self._newest_ns or self._cursor(), time.time_ns()))

    def _try(self, stop: Event) -> tuple[float, float]:
        """One round; gives how long to rest in any case, and how long to wait for a gap then, in seconds."""
        try:
            self.round(stop)
        except Unavailable as error:
            pause = error.retry_after or RETRY_S[min(self._failed, len(RETRY_S) - 1)]
            self._failed += 1
            log.warning("%s; asking again in %g s", error, min(pause, LONGEST_S))
            return min(pause, LONGEST_S), 0.0
        except SinkError as error:
            self._pending = None
            log.error("%s; asking again in %d s", error, self._settings.interval_s)  # noqa: TRY400 a sentence, no trace
            return float(self._settings.interval_s), 0.0
        self._failed = 0
        return RESPITE_S, max(0.0, self._settings.interval_s - RESPITE_S)

    def _wait_for_gap(self, stop: Event, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not stop.is_set() and time.monotonic() < deadline:
            if self._gap.wait(0.2):
                return

    def _first(self) -> dict[str, str]:
        self._newest_ns = 0
        after = self._cursor() - self._settings.overlap_s * _NS
        return {"after": rfc3339(after), "limit": str(LIMIT), "order": "received_at"}

    def _take(self, query: dict[str, str], kept: Event, stop: Event) -> tuple[dict[str, str] | None, Event]:
        """Keep one page. Gives the query for the next, None when there is none, and the event of the last one kept."""
        taken, newest_ns = 0, 0
        with _asked(self._settings, query) as answer:
            token = next((answer.headers[name] for name in _TOKENS if answer.headers[name]), None)
            for line, received_at in _objects(answer):
                kept = Event()
                arrived_ns = time.time_ns()
                envelope = Envelope(self._settings.source, "things_stack", None, line, arrived_ns, ("backfill",))
                if not self._keeper.offer([envelope], kept.set, stop):
                    return None, kept
                taken, newest_ns = taken + 1, max(newest_ns, parse(received_at) or 0)
        self._newest_ns = max(self._newest_ns, newest_ns)
        if token:
            return {"continuation_token": token}, kept
        more = taken >= LIMIT and "after" in query and newest_ns > (parse(query["after"]) or 0)
        return ({**query, "after": rfc3339(newest_ns)} if more else None), kept

    def _cursor(self) -> int:
        """Unix nanoseconds; at the very first start now, which is remembered."""
        try:
            return parse(self._state.read_text("utf-8", "replace").strip()) or 0
        except FileNotFoundError:
            self._remember(now := time.time_ns())
            return now

    def _remember(self, newest_ns: int) -> None:
        new = self._state.with_suffix(".new")
        try:
            new.write_text(rfc3339(newest_ns), "utf-8")
            new.replace(self._state)
        except OSError as error:
            raise Unavailable(f"{self._state}: {error.strerror}") from error


@contextmanager
def _asked(settings: BackfillSettings, query: Mapping[str, str]) -> Iterator[HTTPResponse]:
    """The answer, as a stream. Raises `Unavailable`, also for what goes wrong while it is read, and `Refused`."""
    parts = urlsplit(settings.url)
    path = f"{parts.path}/api/v3/as/applications/{settings.application}/packages/storage/uplink_message"
    connection = _connection(settings)
    headers = {"Authorization": f"Bearer {settings.key()}", "Accept": "text/event-stream"}
    try:
        connection.request("GET", f"{path}?{urlencode(query)}", headers=headers)
        answer = connection.getresponse()
        _check(answer, settings)
        yield answer
    except (OSError, HTTPException, msgspec.DecodeError) as error:
        raise Unavailable(f"the storage at {settings.url}: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()


def _connection(settings: BackfillSettings) -> HTTPConnection:
    parts = urlsplit(settings.url)
    if parts.scheme == "http":
        return HTTPConnection(parts.hostname or "", parts.port, timeout=settings.timeout_s)
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return HTTPSConnection(parts.hostname or "", parts.port, timeout=settings.timeout_s, context=context)


def _check(answer: HTTPResponse, settings: BackfillSettings) -> None:
    """A redirection is refused too: the key is for this server alone."""
    status = answer.status
    if status == HTTPStatus.OK:
        return
    said = f"the storage at {settings.url} answers {status} {answer.reason}".strip()
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = answer.headers["Retry-After"]
        raise Unavailable(said, float(wait) if wait and wait.isdecimal() else None)
    raise Refused(f"{said}: are the application, the API key's rights and the storage integration right?")


def _objects(answer: HTTPResponse) -> Iterator[tuple[bytes, str]]:
    """Each message as it came, and its `received_at`. Raises what `_asked` reports when the stream is cut or broken."""
    for line in _lines(answer):
        if len(line) > MOST_BYTES:
            raise HTTPException(f"one object is larger than {MOST_BYTES} bytes")
        if line.strip():
            result = _OBJECT.decode(line).result
            if result is None:
                raise HTTPException("it failed in the middle of its answer")
            yield line, result.received_at


def _lines(answer: HTTPResponse) -> Iterator[bytes]:
    """By blocks: the library's own `readline` takes a connection that ends between two chunks for the end."""
    rest = b""
    while block := answer.read1(_BLOCK):
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
        if len(rest) > MOST_BYTES:
            break
    yield rest
    if answer.length:
        raise IncompleteRead(b"", answer.length)
