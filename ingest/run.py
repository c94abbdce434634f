"""The threads of the intake: sources and keeper on one side of the journal, a delivery for every store on the other.

They meet only in the journal, so they may be one process or two.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Protocol

from sinks.ports import Appender

from .deliver import Delivery
from .keep import Keeper
from .retain import Retention
from .source_gaps import SourceWatch

log = logging.getLogger(__name__)


class Source(Protocol):
    """Hands every message it receives to the keeper it was made with, until `stop`."""

    def run(self, stop: Event) -> None:
        """Receive until `stop` is set; returns within a few seconds then."""


MakeSource = Callable[[Keeper], Source]


def receive(journal: Appender, sources: Sequence[MakeSource], stop: Event, grown: Sequence[Event]) -> list[Thread]:
    """Start to receive and keep; what is not kept when `stop` comes is not acknowledged.

    `grown`: set whenever messages were kept, for those who deliver in this process.
    """
    keeper = Keeper(journal, grown)
    threads = [_thread(f"source-{n}", make(keeper).run, stop) for n, make in enumerate(sources)]
    return [*threads, _thread("keeper", keeper.run, stop)]


def process(deliveries: Sequence[Delivery], stop: Event) -> list[Thread]:
    """Start to deliver what is kept, each store in a thread of its own."""
    return [_thread(f"delivery-{one.store.name}", one.run, stop) for one in deliveries]


def keep_books(retention: Retention, sources: SourceWatch, stop: Event) -> list[Thread]:
    """Start to trim the journal of what need not be kept any longer, and to write down when a source sent nothing."""
    return [_thread("retention", retention.run, stop), _thread("source-gaps", sources.run, stop)]


def watch(threads: Sequence[Thread], stop: Event) -> None:
    """Wait for `stop`, which a thread that ends by itself gives too; then for the threads."""
    _spare_the_collector()
    while not stop.wait(1.0):
        for thread in threads:
            if not thread.is_alive():
                log.critical("%s has ended; the intake ends too, so that its supervisor starts it anew", thread.name)
                stop.set()
    for thread in threads:
        thread.join(timeout=5)


def _spare_the_collector() -> None:
    """Nearly all that a message makes dies by its count; looking for cycles among it was a tenth of the work."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _thread(name: str, work: Callable[[Event], None], stop: Event) -> Thread:
    thread = Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    return thread
