"""What a room above may ask of the stores. Each port has an embedded implementation and one for real size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from .model import Asset, DeadLetter, Device, Entry, Envelope, Field, Gap, GapNotes, Installation, Organisation, Point


class Appender(Protocol):
    """The end of a journal at which messages go in, durable before anybody is told so.

    Each stays as it came, but for secrets: those are taken out here (`sinks.redact`), whoever appends.
    """

    def append(self, envelopes: Sequence[Envelope]) -> int:
        """Keep them all, durably, and give the offset of the last.

        Raises `Unavailable` when the disk does not take them.
        """

    def close(self) -> None:
        """Give back what is held. Twice is once."""


class Journal(Appender, Protocol):
    """A journal that is one sequence, in order of arrival, and can be read from any offset."""

    def read(self, after: int, limit: int) -> list[Entry]:
        """Up to `limit` entries with an offset greater than `after`, in order."""

    def bounds(self) -> tuple[int, int]:
        """Offsets of the oldest and the newest entry; (0, 0) when there is none."""

    def trim(self, through: int) -> int:
        """Forget everything up to and including this offset; gives the number of entries forgotten."""

    def trimmed(self) -> int:
        """Offset through which `trim` has forgotten; 0 when it never did. Entries missing beyond it are lost."""

    def size(self) -> int:
        """Bytes that the entries take on disk, with their share of the file's own."""


SLOT: Final = "\x1f"
"""In a dedup key: what stands before it names a slot, of which only the newest key is remembered."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a batch of the journal, for one sink; taken into the ledger as one transaction.

    `through`: offset of the last entry of the batch. `seen`: dedup keys of the frames in it, with the event time
    (Unix milliseconds) until which each counts. `counts`: messages by outcome, e.g. {"stored": 3}. `frames`: frames by
    what they were. `forget_before_ms`: keys that counted until an earlier time may go. `gaps`: what is missing.
    """

    sink: str
    through: int
    seen: Mapping[str, int] = field(default_factory=dict)
    dead_letters: Sequence[DeadLetter] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    frames: Mapping[str, int] = field(default_factory=dict)
    forget_before_ms: int = 0
    gaps: GapNotes = field(default_factory=GapNotes)


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one lane, in order, to be settled together.

    `lane`: a part of the journal that keeps its order; one device's messages are all in one. `epoch`: under which
    assignment of that lane to this worker it was taken; a lane that went away and came back has another.
    """

    lane: int
    epoch: int
    entries: Sequence[Entry]


class Feed(Protocol):
    """The end of a journal at which one sink's worker takes messages out and says what became of them.

    Every method raises `Unavailable` when the journal or the books cannot answer.
    """

    def take(self, limit: int, timeout_s: float) -> Sequence[Batch]:
        """The next messages, at most `limit` in all, a batch for each lane that has any; none when the time is up.

        What was taken and not settled is given again, to this worker or to another.
        """

    def behind(self, batches: Sequence[Batch], limit: int) -> Sequence[Batch]:
        """The messages that follow those taken but not settled yet; none where a journal does not give them so early.

        They are to be settled after those.
        """

    def seen(self, lane: int, keys: Mapping[str, int]) -> Mapping[str, int]:
        """As `Ledger.seen`, for the sink of this feed and one lane."""

    def states(self, lane: int) -> Sequence[tuple[int, bytes]]:
        """Number and content of the pieces of state in `GapNotes` that were settled of a lane in work, in order."""

    def settle(self, settled: Sequence[tuple[Batch, Settlement]]) -> None:
        """Take what became of batches into the books; each as a whole or not at all.

        Nothing happens for one whose lane has gone to another worker meanwhile: that one does it again.
        """

    def close(self) -> None:
        """Give back what is held. Twice is once."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages of one lane, in order: offsets from `first` through `last`, none when `last` is the smaller.

    `gone`: how many were before them and are no longer held.
    """

    lane: int
    first: int
    last: int
    gone: int = 0

    @property
    def number(self) -> int:
        """Of messages, at most."""
        return max(0, self.last - self.first + 1)

    def behind(self, offset: int) -> Stretch:
        """What is left of it behind this offset."""
        return replace(self, first=max(self.first, offset + 1))


class Past(Protocol):
    """What a journal holds, to be read once more beside whoever receives and works. Raises `Unavailable`."""

    def stretches(self, since_ns: int, sink: str = "") -> Sequence[Stretch]:
        """One for each lane: what arrived since then (Unix nanoseconds) and may be some more before it.

        It ends with the newest message there is now, or with the newest that `sink` has settled.
        """

    def read(self, stretch: Stretch, limit: int) -> list[Entry]:
        """The first messages of a stretch, at most `limit`; none when there are none."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


Recall = Callable[[Sequence[Entry]], Iterable[tuple[int, int, Mapping[str, int]]]]
"""Offset, part and dedup keys of every frame of these entries."""


class Bell(Protocol):
    """Rings when the journal has grown. `threading.Event` is one, within a process."""

    def clear(self) -> None:
        """From now on it rings for what comes after; look at the journal after this, then wait."""

    def wait(self, timeout: float) -> bool:
        """Wait for a ring since `clear`; False when none came within these seconds."""


class Letters(Protocol):
    """The dead letters: open until their messages are in the journal again."""

    def dead_letters(self, *, reason: str = "", device: str = "", after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """Open dead letters, oldest first: reason by prefix, one device, with an id above `after`."""

    def dead_letter(self, letter_id: int) -> DeadLetter | None:
        """One dead letter with its envelope."""

    def dead_letter_counts(self) -> dict[str, int]:
        """Reason to number of open dead letters."""

    def mark_replayed(self, letter_ids: Sequence[int], now_ms: int) -> None:
        """Close these letters: their envelopes are in the journal again."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


class Ledger(Letters, Protocol):
    """The books: how far each sink has come, which frames it has seen, what became of every message."""

    def cursor(self, sink: str) -> int:
        """Offset of the last entry that this sink has settled, 0 at first."""

    def cursors(self) -> dict[str, int]:
        """Cursor of every sink that ever settled anything."""

    def seen(self, sink: str, keys: Mapping[str, int]) -> dict[str, int]:
        """Those of the keys that this sink has settled before, each with the time until which it counts.

        `keys`: key to the time until which it would count. A key is found again under the same time; one that
        contains `SLOT` under any time, while it is the newest of its slot, the part before `SLOT`.
        """

    def settle(self, settlement: Settlement) -> None:
        """Take a batch into the books: cursor, keys, dead letters and counts together, or nothing."""

    def make_durable(self) -> None:
        """What was settled up to now outlives a power cut; needed before anything is trimmed that was settled."""

    def counts(self, sink: str) -> dict[str, int]:
        """Outcome to number of messages since the beginning: stored, duplicate, dead_letter, expired.

        They add up to all. Expired are those that had been trimmed from the journal before the sink began.
        """

    def frames(self, sink: str) -> dict[str, int]:
        """Number of frames and events by what they were: decoded, no_payload, join, duplicate_radio ..."""

    def retire(self, sink: str) -> None:
        """Forget a sink that is used no more: its cursor, counts and keys, not its dead letters."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


class Gaps(Protocol):
    """Gap records: those of a sink's devices, settled with its batches, and those of the sources."""

    def find(self, sink: str, *, device: str = "", since_ms: int = 0, limit: int = 100) -> list[Gap]:
        """Of this sink and of all sources, the newest first: of one device, ended at or after a time."""

    def open(self, sink: str) -> int:
        """Number of gaps that are open."""

    def sums(self, sink: str) -> dict[str, int]:
        """Frames that were `missing`, and how many of them were `found` later, since the beginning."""

    def record(self, gaps: Sequence[Gap]) -> None:
        """Take down gaps of sources; one with the same source, reason and beginning is replaced."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """What has happened at a source so far, of one kind; times in Unix milliseconds.

    `code`: message, redelivered, connected, disconnected, session_lost ... `alarm_until_ms`: until when it calls for
    somebody; 0 when it does not. `detail`: one sentence about the newest, without secrets.
    """

    source: str
    code: str
    count: int
    first_ms: int
    last_ms: int
    alarm_until_ms: int = 0
    detail: str = ""


class Events(Protocol):
    """What happened at the sources: one record a source and code, so it is bounded however long the intake runs."""

    def record(self, events: Sequence[SourceEvent]) -> None:
        """Take these: counts are added up, everything else but the first time is that of the newest.

        One with a count of 0 changes only the alarm of a record that is there. Raises `Unavailable`.
        """

    def all(self) -> list[SourceEvent]:
        """Every record, by source and code."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A point that the store will never take, or one field of it (None: the whole row).

    `code`: for the reason `write/<code>` of its dead letter.
    """

    point: Point
    code: str
    detail: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """Result of a write: all rows that are not in `rejected` as a whole are stored, durably. `accepted` counts them."""

    accepted: int
    rejected: tuple[Rejected, ...] = ()


class Store(Protocol):
    """A time-series store that takes points.

    Raises `Unavailable` (wait, then write the same again) and `Refused` (stop and tell an operator). `apart_s`: how
    long a small batch had better wait for more, for what each costs beside its rows; seconds.
    """

    name: str
    apart_s: float

    def write(self, points: Sequence[Point]) -> Written:
        """Store them; the same points again change nothing."""

    def check(self) -> list[str]:
        """Sentences that say what is missing to write; empty when all is well. Writes nothing."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored row as it is read back: time in Unix milliseconds, tags and fields by name."""

    measurement: str
    time_ms: int
    tags: Mapping[str, str]
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows: one measurement, one asset or device ("" meaning all), from_ms <= time < to_ms."""

    measurement: str
    from_ms: int
    to_ms: int
    tenant: str = ""
    asset_id: str = ""
    device_id: str = ""


class Reader(Protocol):
    """A time-series store that can be asked. Raises `Unavailable`."""

    def latest(self, selection: Selection) -> list[Row]:
        """The newest row, by its own time, of every series in the selection."""

    def rows(self, selection: Selection, after: tuple[int, str] | None = None, limit: int = 1000) -> list[Row]:
        """Up to `limit` rows, ordered by time, then by series.

        `after`: time and series key (see `series_key`) of the last row already had; the answer goes on behind it.
        """

    def close(self) -> None:
        """Give back what is held. Twice is once."""


def series_key(tags: Mapping[str, str]) -> str:
    """A text that orders the series of one measurement, for paging."""
    return "\x1f".join(tags.get(name, "") for name in ("tenant", "asset_id", "device_id", "model", "depth_cm", "name"))


@dataclass(frozen=True, slots=True)
class Place:
    """A device on an asset for a time, all in one: what the pipeline needs to turn a reading into an observation."""

    device: Device
    asset: Asset | None
    installation: Installation | None


class Registry(Protocol):
    """Who measures what where. Small, read often, written rarely."""

    def revision(self) -> int:
        """Rises with every change; readers keep a copy until it does."""

    def organisations(self) -> list[Organisation]:
        """All organisations, by id."""

    def devices(self) -> list[Device]:
        """All devices, by DevEUI."""

    def assets(self) -> list[Asset]:
        """All assets, by id."""

    def installations(self) -> list[Installation]:
        """All installations, by device and beginning."""

    def iter_places(self) -> Iterator[Place]:
        """Every device with each of its installations, or with none."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


class Keys(Protocol):
    """Tokens that let programs in."""

    def check_key(self, token: str, role: str) -> object | None:
        """What is known of the key that this token opens, when it has this role and is not revoked; else None."""
