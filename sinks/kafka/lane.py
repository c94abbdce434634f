"""One partition as one worker has it: how far it is settled, the counts since its beginning, and which frames it knows.

Offset and counts are committed as one: the counts are the commit's metadata, as compact JSON. So they can never
disagree, not even when an old commit wins over a newer one, and anybody can add them up from outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec.structs import replace

from sinks.ports import SLOT, Settlement

from .counters import Piece

MOST_KEYS: Final = 10_000
"""Keys of each kind that a lane remembers, and records that are read back to know them again."""
_MOST_BYTES: Final = 4_000
"""The broker takes 4,096 (`offset.metadata.max.bytes`)."""
_REST: Final = "other"


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Since the partition's beginning. `messages` by outcome add up to its offset; `frames` by what they were.

    `gaps`: frames that were missing, and found. `counters`: where in the topic `counters` their state begins.
    """

    messages: dict[str, int] = {}
    frames: dict[str, int] = {}
    gaps: dict[str, int] = {}
    counters: int = 0

    def after(self, settlement: Settlement, expired: int, counters: int) -> Counts:
        """With what a settlement adds, and with messages that retention has taken before this sink saw them."""
        messages = Counter(self.messages) + Counter(settlement.counts)
        if expired:
            messages["expired"] += expired
        frames, gaps = Counter(self.frames) + Counter(settlement.frames), Counter(self.gaps)
        return Counts(dict(messages), dict(frames), dict(gaps + Counter(settlement.gaps.counts)), counters)


def encode(counts: Counts) -> str:
    """The metadata of a commit. Should it grow too long, the rarest labels of frames are summed up as `other`."""
    frames = dict(counts.frames)
    while len(text := msgspec.json.encode(replace(counts, frames=frames))) > _MOST_BYTES:
        rarest = min((name for name in frames if name != _REST), key=lambda name: frames[name])
        frames[_REST] = frames.get(_REST, 0) + frames.pop(rarest)
    return text.decode()


def decode(metadata: str) -> Counts:
    """Counts of a commit; none of one that another program has made."""
    try:
        return msgspec.json.decode(metadata, type=Counts)
    except msgspec.MsgspecError:
        return Counts()


class Memory:
    """Keys of the newest frames, as `Ledger.seen` defines them, bounded. A key takes some hundred bytes."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._keys: dict[int, int] = {}
        self._slots: dict[int, tuple[int, int]] = {}

    def seen(self, keys: Mapping[str, int]) -> dict[str, int]:
        found = {}
        for key, until in keys.items():
            slot, is_newest, _ = key.partition(SLOT)
            if is_newest:
                newest, counts_until = self._slots.get(hash(slot), (0, 0))
                if newest == hash(key):
                    found[key] = counts_until
            elif self._keys.get(hash(key)) == until:
                found[key] = until
        return found

    def remember(self, keys: Mapping[str, int]) -> None:
        for key, until in keys.items():
            slot, is_newest, _ = key.partition(SLOT)
            if is_newest:
                self._slots.pop(hash(slot), None)
                self._slots[hash(slot)] = hash(key), until
            else:
                self._keys[hash(key)] = until
        for known in (self._keys, self._slots):
            while len(known) > self._most:
                del known[next(iter(known))]


@dataclass(slots=True)
class Lane:
    """`position`: the next offset to settle. `knows`: whether the memory was read back since the lane came to us.

    `pieces`: of the counters' state, by number, as they stand in their topic. `read_under`: the assignment under which
    they were read.
    """

    position: int
    counts: Counts
    memory: Memory = field(default_factory=Memory)
    knows: bool = False
    pieces: Mapping[int, Piece] = field(default_factory=dict)
    read_under: int = -1

    def settle(self, position: int, counts: Counts, pieces: Mapping[int, Piece], settlement: Settlement) -> None:
        """What was committed."""
        self.position, self.counts, self.pieces = position, counts, pieces
        self.memory.remember(settlement.seen)
