"""What is measured: something that takes messages from the broker into a store. Ours and its peer answer the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .load import Network


class Pipeline(Protocol):
    """A pipeline with its store, both running as processes of their own."""

    name: str

    @property
    def log(self) -> str:
        """All that it has said."""

    def start(self) -> None:
        """Start it, with the broker session that it had before."""

    def stop(self) -> None:
        """End the pipeline in order; its store goes on. Twice is once."""

    def pids(self) -> Mapping[str, int]:
        """Its processes: `pipeline`, and `store` where that is a server."""

    def taken(self) -> int:
        """Messages that it has done with since its beginning, for better or worse. Cheap: asked all the time."""

    def stored(self) -> int:
        """Messages whose rows are in the store, counted there. Slow, exact."""

    def probe_times(self, network: Network, probe: int, after_ms: int) -> list[int]:
        """Times (Unix milliseconds, after `after_ms`) of the rows of a device that can be queried now, ascending."""

    def faults(self) -> str:
        """What became of messages that are not stored, as far as it knows; "" when it knows of none."""
