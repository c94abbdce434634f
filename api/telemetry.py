"""All metrics, once: what they are called, what they count, and where the numbers come from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sinks.books import Account, Accounting, Kept
from sinks.errors import SinkError
from sinks.ports import SourceEvent


class Name(NamedTuple):
    """A metric as Prometheus sees it; labels are few and bounded."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


REQUESTS: Final = Name(
    "smartcity_api_requests_total", "counter", ("route", "method", "status"), "Requests answered by the API."
)
SECONDS: Final = Name(
    "smartcity_api_request_seconds", "histogram", ("route",), "Time until an answer began, in seconds."
)
STREAMS: Final = Name("smartcity_api_stream_clients", "gauge", (), "Clients that listen to the live feed now.")
LEDGER_UP: Final = Name("smartcity_ledger_up", "gauge", (), "1 when the pipeline's books could be read, else 0.")
MESSAGES: Final = Name(
    "smartcity_messages_total",
    "counter",
    ("sink", "outcome"),
    "Messages settled by the pipeline, by what became of them.",
)
FRAMES: Final = Name(
    "smartcity_frames_total", "counter", ("sink", "kind"), "Frames and events in those messages, by what they were."
)
DEAD_LETTERS: Final = Name("smartcity_dead_letters", "gauge", ("reason",), "Open dead letters.")
CURSOR: Final = Name("smartcity_sink_cursor", "gauge", ("sink",), "Journal offset up to which a sink has settled.")
RECEIVED: Final = Name(
    "smartcity_received_total", "counter", ("sink",), "Messages kept in the journal since the beginning."
)
IN_FLIGHT: Final = Name("smartcity_in_flight", "gauge", ("sink",), "Messages kept and not settled by a sink yet.")
WAITING: Final = Name(
    "smartcity_oldest_waiting_seconds", "gauge", ("sink",), "How long the oldest message in flight has waited."
)
BALANCED: Final = Name(
    "smartcity_books_balanced",
    "gauge",
    ("sink",),
    "1 when received = settled + in flight, 0 when a message is unaccounted for.",
)
JOURNAL_BYTES: Final = Name("smartcity_journal_bytes", "gauge", (), "What the journal takes on disk.")
JOURNAL_MESSAGES: Final = Name("smartcity_journal_messages", "gauge", (), "Messages in the journal.")
JOURNAL_TRIMMED: Final = Name(
    "smartcity_journal_trimmed_total", "counter", (), "Messages that retention has trimmed from the journal."
)
MISSING: Final = Name(
    "smartcity_missing_frames_total",
    "counter",
    ("sink",),
    "Frames that did not come, by the counters of the devices.",
)
FOUND: Final = Name(
    "smartcity_found_frames_total", "counter", ("sink",), "Missing frames that came late or in a back-fill."
)
OPEN_GAPS: Final = Name("smartcity_open_gaps", "gauge", ("sink",), "Gaps of devices and sources that are open.")
EVENTS: Final = Name(
    "smartcity_source_events_total",
    "counter",
    ("source", "code"),
    "What happened at a source: message, redelivered, disconnected ...",
)
ALARM: Final = Name(
    "smartcity_source_alarm", "gauge", ("source", "code"), "1 while an event of a source calls for somebody, else 0."
)
LAST_MESSAGE: Final = Name(
    "smartcity_source_last_message_seconds", "gauge", ("source",), "When the last message came, in Unix seconds."
)

METRICS: Final = (
    *(REQUESTS, SECONDS, STREAMS, LEDGER_UP, MESSAGES, FRAMES, DEAD_LETTERS, CURSOR),
    *(RECEIVED, IN_FLIGHT, WAITING, BALANCED, MISSING, FOUND, OPEN_GAPS),
    *(JOURNAL_BYTES, JOURNAL_MESSAGES, JOURNAL_TRIMMED, EVENTS, ALARM, LAST_MESSAGE),
)


class Telemetry:
    """The metrics of one API process; nothing of it is global."""

    def __init__(self, books: Accounting | None, clients: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(REQUESTS.name, REQUESTS.help, REQUESTS.labels, registry=self.registry)
        self._seconds = Histogram(SECONDS.name, SECONDS.help, SECONDS.labels, registry=self.registry)
        self.registry.register(_Books(books, clients))

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer. `route` is the path template, never the path: paths are without bound."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


class _Books(Collector):
    """Reads the pipeline's books when Prometheus asks, so the numbers are never older than the question."""

    def __init__(self, books: Accounting | None, clients: Callable[[], int]) -> None:
        self._books = books
        self._clients = clients

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(STREAMS.name, STREAMS.help, self._clients())
        if self._books is None:
            return
        try:
            families = _families(self._books)
        except SinkError:
            families = []
        yield GaugeMetricFamily(LEDGER_UP.name, LEDGER_UP.help, 1 if families else 0)
        yield from families

    def describe(self) -> list[Metric]:
        """Nothing: asking the ledger while the process is being built would be too early."""
        return []


def _families(books: Accounting) -> list[Metric]:
    messages = CounterMetricFamily(MESSAGES.name, MESSAGES.help, labels=MESSAGES.labels)
    frames = CounterMetricFamily(FRAMES.name, FRAMES.help, labels=FRAMES.labels)
    letters = GaugeMetricFamily(DEAD_LETTERS.name, DEAD_LETTERS.help, labels=DEAD_LETTERS.labels)
    accounts = books.accounts()
    for one in accounts:
        for outcome, number in one.counts.items():
            messages.add_metric([one.sink, outcome], number)
        for kind, number in one.frames.items():
            frames.add_metric([one.sink, kind], number)
    for reason, number in books.ledger.dead_letter_counts().items():
        letters.add_metric([reason], number)
    return [
        *(messages, frames, letters),
        *_per_sink(accounts),
        *_of_the_journal(books.kept()),
        *_per_source(books.events.all()),
    ]


def _of_the_journal(kept: Kept) -> Iterator[Metric]:
    yield GaugeMetricFamily(JOURNAL_BYTES.name, JOURNAL_BYTES.help, kept.bytes)
    yield GaugeMetricFamily(JOURNAL_MESSAGES.name, JOURNAL_MESSAGES.help, kept.messages)
    yield CounterMetricFamily(JOURNAL_TRIMMED.name, JOURNAL_TRIMMED.help, kept.trimmed)


def _per_sink(accounts: Sequence[Account]) -> Iterator[Metric]:
    now_ns = time.time_ns()
    counters = {n: CounterMetricFamily(n.name, n.help, labels=n.labels) for n in (RECEIVED, MISSING, FOUND)}
    gauges = {
        n: GaugeMetricFamily(n.name, n.help, labels=n.labels) for n in (CURSOR, IN_FLIGHT, WAITING, BALANCED, OPEN_GAPS)
    }
    for one in accounts:
        counters[RECEIVED].add_metric([one.sink], one.received)
        counters[MISSING].add_metric([one.sink], one.gaps.frames)
        counters[FOUND].add_metric([one.sink], one.gaps.found)
        gauges[CURSOR].add_metric([one.sink], one.cursor)
        gauges[IN_FLIGHT].add_metric([one.sink], one.in_flight)
        gauges[WAITING].add_metric([one.sink], one.oldest_s(now_ns))
        gauges[BALANCED].add_metric([one.sink], int(one.balanced))
        gauges[OPEN_GAPS].add_metric([one.sink], one.gaps.open)
    yield from counters.values()
    yield from gauges.values()


def _per_source(events: Sequence[SourceEvent]) -> Iterator[Metric]:
    now_ms = time.time_ns() // 1_000_000
    counts = CounterMetricFamily(EVENTS.name, EVENTS.help, labels=EVENTS.labels)
    alarms = GaugeMetricFamily(ALARM.name, ALARM.help, labels=ALARM.labels)
    last = GaugeMetricFamily(LAST_MESSAGE.name, LAST_MESSAGE.help, labels=LAST_MESSAGE.labels)
    for event in events:
        counts.add_metric([event.source, event.code], event.count)
        alarms.add_metric([event.source, event.code], int(event.alarm_until_ms > now_ms))
        if event.code == "message":
            last.add_metric([event.source], event.last_ms / 1000)
    yield from (counts, alarms, last)
