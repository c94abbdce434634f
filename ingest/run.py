"""The intake as one process: sources, the keeper, and one delivery for every store, each in a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Thread
from typing import Protocol

from sinks.ports import Journal, Ledger, Registry, Store

from .deliver import Delivery
from .keep import Keeper
from .pipeline import Unwrap
from .places import Places

log = logging.getLogger(__name__)


class Source(Protocol):
    """Hands every message it receives to the keeper it was made with, until `stop`."""

    def run(self, stop: Event) -> None:
        """Receive until `stop` is set; returns within a few seconds then."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Where messages are kept and where they are delivered to. Closed when the intake has ended."""

    journal: Journal
    ledger: Ledger
    registry: Registry
    stores: Sequence[Store]
    unwrap: Unwrap

    def close(self) -> None:
        """Give everything back."""
        for store in self.stores:
            store.close()
        self.ledger.close()
        self.journal.close()
        self.registry.close()


def run(intake: Intake, sources: Sequence[Callable[[Keeper], Source]], stop: Event) -> None:
    """Receive, keep and deliver until `stop`; what was taken by then is kept, the rest is not acknowledged."""
    grown = [Event() for _ in intake.stores]
    keeper = Keeper(intake.journal, grown)
    threads = [_thread(f"source-{n}", make(keeper).run, stop) for n, make in enumerate(sources)]
    threads.append(_thread("keeper", keeper.run, stop))
    for store, wake in zip(intake.stores, grown, strict=True):
        delivery = Delivery(store, intake.journal, intake.ledger, Places(intake.registry), intake.unwrap)
        threads.append(_thread(f"delivery-{store.name}", delivery.run, stop, wake))
    while not stop.wait(1.0):
        for thread in threads:
            if not thread.is_alive():
                log.critical("%s has ended; the intake ends too, so that its supervisor starts it anew", thread.name)
                stop.set()
    for thread in threads:
        thread.join(timeout=5)
    intake.close()


def _thread(name: str, work: Callable[..., None], *arguments: Event) -> Thread:
    thread = Thread(target=work, args=arguments, name=name, daemon=True)
    thread.start()
    return thread
