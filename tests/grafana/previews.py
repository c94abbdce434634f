"""`make previews`: a summer's week of the simulated town in a real InfluxDB, and the pictures of the boards from it.

Everything goes the project's own way, by the simulation's clock: kept, delivered, derived hour by hour, and in the last
hours accounted for every minute. The same week each time.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import takewhile
from math import ceil
from pathlib import Path
from threading import Event
from typing import Final

from grafana.__main__ import BOARDS
from grafana.preview.__main__ import draw
from grafana.preview.ask import asking
from grafana.technical import Language
from ingest.deliver import Delivery
from ingest.gaps import GapFinders
from ingest.insights.directory import Directory
from ingest.insights.operation import Operation
from ingest.insights.run import Insights, again
from ingest.places import Places
from ingest.simulate.mischief import Message, stream
from ingest.simulate.pace import Pace
from ingest.simulate.registration import register
from ingest.simulate.stations import Fleet, Station, fleet
from ingest.unwrap import unwrap
from sinks.model import Envelope
from sinks.ports import Batch, Events, Feed, Journal, Settlement, SourceEvent
from sinks.storage import Storage
from tests.door import ROOT
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb

FOLDER: Final = ROOT / "docs" / "boards"
NOW_S: Final = int(datetime(2026, 7, 16, 4, 20, tzinfo=UTC).timestamp())
"""In the morning, before the tours of the day."""
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
BEGIN_S: Final = NOW_S - 10 * DAY_S
DERIVED_S: Final = NOW_S - 8 * DAY_S
WATCHED_S: Final = NOW_S - 7 * HOUR_S
"""Since when the pipeline says every minute how it goes."""
AWAY_S: Final = (NOW_S - 3 * HOUR_S, NOW_S - 3 * HOUR_S + 25 * MINUTE_S)
"""When nobody delivered, so that there is a backlog to be seen."""
SILENT_S: Final = {
    "of-bin-014": (31 * HOUR_S, 0),
    "of-tree-012": (50 * HOUR_S, 0),
    "of-bin-005": (100 * MINUTE_S, 0),
    "gi-bin-011": (8 * HOUR_S, 0),
    "of-bin-006": (38 * HOUR_S, 27 * HOUR_S),
}
"""Assets whose sensors said nothing, from so long ago until so long ago."""
STRANGER_S: Final = NOW_S - 12 * HOUR_S
"""Since when the device sends that nobody has registered."""
MISTAKE_S: Final = NOW_S - 20 * HOUR_S
MISTAKEN: Final = ("gi-bin-015", "decentlab_dl_mbx")
"""When somebody entered the sensor of an asset as another model."""
DEVICE: Final = "of-bin-006"
PICTURES: Final[tuple[tuple[str, Language, str], ...]] = (
    ("bins", "de", "city=offenbach"),
    ("bin", "de", "bin=of-bin-007"),
    ("trees", "de", "city=offenbach"),
    ("device", "de", DEVICE),
    ("fleet", "de", ""),
    ("pipeline", "de", ""),
    ("bins", "en", "city=giessen"),
    ("device", "en", DEVICE),
)
"""Board, language, and what is chosen in it."""


def main() -> None:
    """Fill, draw, and say how large each picture has become."""
    with influxdb.running() as server, tempfile.TemporaryDirectory(prefix="previews-") as folder:
        live_through(server, Path(folder))
        with asking(server.reader) as ask:
            for name, language, choice in PICTURES:
                file = FOLDER / f"{name}-{language}.png"
                draw(BOARDS[name](language).to_json(), NOW_S * 1000, chosen(choice), ask, file)
                sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1000} kB\n")


def chosen(choice: str) -> dict[str, list[str]]:
    """A variable with its value; an asset is its device."""
    variable, _, value = choice.partition("=")
    return {variable: [value]} if value else {"device": [station(choice).device.dev_eui]} if choice else {}


def station(asset_id: str) -> Station:
    """The asset with its device."""
    return next(one for one in fleet().stations if one.asset.id == asset_id)


def live_through(server: Influxdb, folder: Path) -> None:
    """Ten days, of which the boards show seven at most."""
    storage, town = Storage(data=folder, store=server.store()), fleet()
    with ExitStack() as held:
        registry = held.enter_context(closing(storage.open_registry()))
        register(registry, town)
        store = held.enter_context(closing(storage.open_store()))
        reader = held.enter_context(closing(storage.open_reader()))
        journal = held.enter_context(closing(storage.open_journal()))
        events = held.enter_context(closing(storage.open_events()))
        letters = held.enter_context(closing(storage.open_letters()))
        books = held.enter_context(closing(storage.open_accounting()))
        feed = Dated(held.enter_context(closing(storage.open_feed(store.name, Event(), lambda _: ()))))
        delivery = Delivery(store, feed, Places(registry), unwrap, GapFinders(feed.states))
        directory = Directory(registry)
        insights, operation = Insights(reader, store, directory), Operation(books, letters, directory)
        messages = sent(town)
        for now_s in range(BEGIN_S, NOW_S + 1, MINUTE_S):
            _receive(journal, events, messages[now_s])
            if now_s >= WATCHED_S and not AWAY_S[0] <= now_s < AWAY_S[1]:
                _deliver(delivery)
            if now_s == MISTAKE_S:
                _deliver(delivery)
                asset, model = MISTAKEN
                registry.change_device(replace(station(asset).device, model=model))
            if now_s >= WATCHED_S:
                directory.refresh()
                insights.write(operation.points(now_s * 1000))
        again(insights, DERIVED_S * 1000, NOW_S * 1000, lambda _: None, Event())


def sent(town: Fleet) -> defaultdict[int, list[Message]]:
    """All messages by the end of their minute, but those of devices that were silent then."""
    silent = {one.device.dev_eui: SILENT_S.get(one.asset.id, (0, 0)) for one in town.stations}
    silent |= {one.device.dev_eui: (NOW_S - BEGIN_S, NOW_S - STRANGER_S) for one in town.strangers}
    found: defaultdict[int, list[Message]] = defaultdict(list)
    for message in takewhile(lambda one: one.at_s < NOW_S, stream(town, Pace(1.0), BEGIN_S)):
        from_ago, to_ago = silent[message.dev_eui]
        if not to_ago <= NOW_S - message.at_s < from_ago:
            found[ceil(message.at_s / MINUTE_S) * MINUTE_S].append(message)
    return found


def _receive(journal: Journal, events: Events, messages: Sequence[Message]) -> None:
    if not messages:
        return
    journal.append([Envelope("main", one.network, one.topic, one.body, round(one.at_s * 1e9)) for one in messages])
    first_ms, last_ms = (round(messages[n].at_s * 1000) for n in (0, -1))
    events.record([SourceEvent("main", "message", len(messages), first_ms, last_ms)])


def _deliver(delivery: Delivery) -> None:
    while delivery.deliver_batch(Event()):
        pass


@dataclass(frozen=True, slots=True)
class Dated:
    """A feed whose dead letters are of the time at which their message arrived, and not of the wall's clock."""

    feed: Feed

    def take(self, limit: int, timeout_s: float) -> Sequence[Batch]:
        return self.feed.take(limit, timeout_s)

    def behind(self, batches: Sequence[Batch], limit: int) -> Sequence[Batch]:
        return self.feed.behind(batches, limit)

    def seen(self, lane: int, keys: Mapping[str, int]) -> Mapping[str, int]:
        return self.feed.seen(lane, keys)

    def states(self, lane: int) -> Sequence[tuple[int, bytes]]:
        return self.feed.states(lane)

    def settle(self, settled: Sequence[tuple[Batch, Settlement]]) -> None:
        self.feed.settle([(batch, _dated(settlement)) for batch, settlement in settled])

    def close(self) -> None:
        self.feed.close()


def _dated(settlement: Settlement) -> Settlement:
    letters = [replace(one, created_ms=one.envelope.arrived_ns // 1_000_000) for one in settlement.dead_letters]
    return replace(settlement, dead_letters=letters)


if __name__ == "__main__":
    main()
