"""What frames of kept messages are known by, for a worker that takes over where another one was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sinks.model import Entry

from .pipeline import Unwrap, dedup_keys, frames


def recall(entries: Sequence[Entry], unwrap: Unwrap) -> Iterator[tuple[int, int, Mapping[str, int]]]:
    """Offset, part and dedup keys of every frame of these entries, in order."""
    for frame in frames(entries, unwrap):
        yield frame.entry.offset, frame.part, dedup_keys(frame)
