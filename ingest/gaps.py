"""What went missing on the way to us, by the frame counters of the devices.

A device counts its frames within a session, so a number that never came is a frame that was lost in the air, at the
network server, or on the way here. Only numbers between two that came count: what was lost before the first of a
session, or after its last, nobody can know. Network servers give a counter of 32 bits; where one of 16 bits starts
again at 65,535, the count goes on.

A lower number is late when its time is no later than the newest frame's, else the device has begun anew. A late number
that was missing fills its gap. What is remembered of a device is its newest frame and its newest gaps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from msgspec import Struct, msgpack, structs

from sinks.model import Gap, GapNotes
from sinks.ports import Batch

from .networks.model import Outcome
from .pipeline import Fate, Frame

MOST_OPEN: Final = 4
"""Open gaps of a device; an older one is given up."""
GIVE_UP_MS: Final = 7 * 24 * 3600 * 1000
"""So much older than its device's newest frame, a gap is given up: the broker keeps our session as long."""
LARGEST_STEP: Final = 16_384
"""A larger one is no loss: LoRaWAN 1.0 lets no network server accept it within a session."""
WRAPPED_WITHIN: Final = 512
"""A counter of 16 bits that starts again loses fewer frames than this there; else the device has begun anew."""
_WRAP: Final = 65_536
_COUNTED: Final = (Outcome.DATA, Outcome.NO_PAYLOAD)
_MINUTE_MS: Final = 60_000
_LEAST_SHARE: Final = 16
_FOREIGN: Final = ("observe/unknown_device", "unwrap/no_device")


class OpenGap(Struct, frozen=True, array_like=True, gc=False):
    """A gap that may be filled yet: between the frames at these times; `left`: first and last number of each rest."""

    source: str
    from_ms: int
    to_ms: int
    missing: int
    left: tuple[tuple[int, int], ...]
    first: int


class Seen(Struct, frozen=True, array_like=True, gc=False):
    """What was last seen of a device: its session (None: not known), newest counter and times of the session."""

    session: str | None
    counter: int
    newest_ms: int
    since_ms: int
    open: tuple[OpenGap, ...] = ()


class Heard(Struct, frozen=True, gc=False):
    """What counts of a frame here. `time_ms`: of its reception, Unix milliseconds."""

    source: str
    session: str | None
    counter: int
    time_ms: int


Change = tuple[OpenGap, str]
"""A gap that is new or has changed, and its state now."""
_PIECE: Final = msgpack.Decoder(dict[str, Seen])


def is_late(seen: Seen, heard: Heard) -> bool:
    """Whether a frame is from before the newest one, and no sign of a new beginning."""
    if _is_other_session(seen, heard):
        return heard.time_ms < seen.newest_ms
    is_next = 0 <= heard.counter - seen.counter <= LARGEST_STEP
    return heard.time_ms < seen.since_ms or (not is_next and heard.time_ms <= seen.newest_ms)


def _is_other_session(seen: Seen, heard: Heard) -> bool:
    return heard.session != seen.session and heard.session is not None and seen.session is not None


def fill(seen: Seen, heard: Heard) -> tuple[Seen, Sequence[Change]]:
    """A late frame fills the gap that misses its number at its time, if there is one."""
    for gap in seen.open:
        if gap.from_ms <= heard.time_ms <= gap.to_ms:
            left = tuple(_without(gap.left, heard.counter))
            if left != gap.left:
                filled = structs.replace(gap, left=left)
                others = (filled if one is gap else one for one in seen.open)
                still = tuple(one for one in others if one.left)
                return structs.replace(seen, open=still), [(filled, "open" if left else "filled")]
    return seen, ()


def _without(ranges: Iterable[tuple[int, int]], number: int) -> Iterator[tuple[int, int]]:
    for first, last in ranges:
        if not first <= number <= last:
            yield first, last
            continue
        if first < number:
            yield first, number - 1
        if number < last:
            yield number + 1, last


def advance(seen: Seen, heard: Heard) -> tuple[Seen, Sequence[Change]]:
    """A frame that is not late: the next, one behind a gap, or the first of a new session."""
    step = heard.counter - seen.counter
    if step < 0 and seen.counter < _WRAP and step + _WRAP <= WRAPPED_WITHIN:
        step += _WRAP
    if _is_other_session(seen, heard) or step < 0 or step > LARGEST_STEP:
        return Seen(heard.session, heard.counter, heard.time_ms, heard.time_ms, seen.open), ()
    if step == 0:
        return seen, ()
    opened = [_gap(seen, heard, step - 1)] if step > 1 else []
    still, gone = _bounded([*seen.open, *opened], heard.time_ms)
    after = Seen(heard.session or seen.session, heard.counter, heard.time_ms, seen.since_ms, still)
    return after, [(gap, "open") for gap in opened] + [(gap, "given_up") for gap in gone]


def _gap(seen: Seen, heard: Heard, missing: int) -> OpenGap:
    first, last = seen.counter + 1, heard.counter - 1
    ranges = [(first, last)] if heard.counter > seen.counter else [(first, _WRAP - 1), (0, last)]
    left = tuple(one for one in ranges if one[0] <= one[1])
    from_ms, to_ms = sorted((seen.newest_ms, heard.time_ms))
    return OpenGap(heard.source, from_ms, to_ms, missing, left, left[0][0])


def _bounded(gaps: Sequence[OpenGap], now_ms: int) -> tuple[tuple[OpenGap, ...], list[OpenGap]]:
    """Those that stay open, and those that are given up."""
    young = [gap for gap in gaps if gap.to_ms >= now_ms - GIVE_UP_MS]
    still = tuple(young[-MOST_OPEN:])
    return still, [gap for gap in gaps if gap not in still] if len(still) < len(gaps) else []


class GapFinder:
    """Follows the counters of all devices of one lane. What `note` found counts once `settled` was called.

    The state is settled piece by piece, so that it costs the same for ten devices as for a million: each piece holds
    the devices of its batch and some others in turn, and what is older than a whole turn may go.
    """

    def __init__(self, states: Callable[[], Sequence[tuple[int, bytes]]] = tuple) -> None:
        """`states`: gives what was settled before, in pieces by number; asked for with the first batch."""
        self._states = states
        self._begun = False
        self._devices: dict[str, Seen] = {}
        self._fresh: dict[str, Seen] = {}
        self._number = self._keep_from = self._turn_from = 1
        self._turn: list[str] = []
        self._at = 0

    def _begin(self) -> None:
        for number, piece in self._states():
            self._devices |= _PIECE.decode(piece)
            self._number = self._turn_from = number + 1
        self._turn, self._begun = list(self._devices), True

    def note(self, fates: Iterable[Fate]) -> GapNotes:
        """What these frames say, in their order. Noted again before they were settled, it is the same."""
        if not self._begun:
            self._begin()
        fresh, batch = self._fresh, _Batch()
        fresh.clear()
        for fate in fates:
            frame = fate.frame
            uplink = frame.uplink
            if frame.entry.envelope.flags and fate.outcome == "stored":
                batch.take_flags(frame)
            counter = uplink.f_cnt
            if counter is None or fate.outcome == "duplicate" or uplink.outcome not in _COUNTED:
                continue
            device, time_ms = frame.device or "", frame.received_ms
            seen = fresh.get(device) or self._devices.get(device)
            if seen and counter == seen.counter + 1 and uplink.session == seen.session and _is_soon(seen, time_ms):
                fresh[device] = Seen(seen.session, counter, time_ms, seen.since_ms, seen.open)  # nearly always
            else:
                self._follow(fate, Heard(frame.entry.envelope.source, uplink.session, counter, time_ms), batch)
        return GapNotes(
            list(batch.gaps.values()), batch.counts, batch.backfilled, self._number, self._keep_from, self._piece()
        )

    def settled(self) -> None:
        """What was noted last is in the books."""
        if not self._fresh:
            return
        self._devices |= self._fresh
        self._at += self._share()
        self._fresh.clear()
        if self._at >= len(self._turn):
            self._keep_from = self._turn_from
            self._turn, self._at, self._turn_from = list(self._devices), 0, self._number + 1
        self._number += 1

    def _follow(self, fate: Fate, heard: Heard, batch: _Batch) -> None:
        device = fate.frame.device or ""
        seen = self._fresh.get(device) or self._devices.get(device)
        if seen is None:
            if not _is_foreign(fate):
                self._fresh[device] = Seen(heard.session, heard.counter, heard.time_ms, heard.time_ms)
            return
        late = is_late(seen, heard)
        self._fresh[device], changes = fill(seen, heard) if late else advance(seen, heard)
        batch.take(device, changes, late=late)

    def _share(self) -> int:
        return max(_LEAST_SHARE, len(self._fresh) // 4)

    def _piece(self) -> bytes:
        if not self._fresh:
            return b""
        turn = self._turn[self._at : self._at + self._share()]
        return msgpack.encode({device: self._devices[device] for device in turn} | self._fresh)


class GapFinders:
    """A finder for each lane under the assignment that its batch was taken under; those of an older one are forgotten.

    So whoever has a lane begins with what was settled of it, whoever has settled that.
    """

    def __init__(self, states: Callable[[int], Sequence[tuple[int, bytes]]] = lambda _: ()) -> None:
        """`states`: gives what was settled of a lane before, see `sinks.ports.Feed.states`."""
        self._states = states
        self._epoch = 0
        self._finders: dict[int, GapFinder] = {}

    def note(self, batch: Batch, fates: Iterable[Fate]) -> GapNotes:
        """As `GapFinder.note`, for the frames of a batch."""
        if batch.epoch != self._epoch:
            self._epoch, self._finders = batch.epoch, {}
        finder = self._finders.get(batch.lane)
        if finder is None:
            finder = self._finders[batch.lane] = GapFinder(partial(self._states, batch.lane))
        return finder.note(fates)

    def settled(self) -> None:
        """What was noted last is in the books."""
        for finder in self._finders.values():
            finder.settled()


class _Batch:
    """What the frames of one batch add up to."""

    def __init__(self) -> None:
        self.gaps: dict[tuple[str, int, int], Gap] = {}
        self.counts = {"missing": 0, "found": 0}
        self.backfilled: Counter[tuple[str, int]] = Counter()

    def take(self, device: str, changes: Sequence[Change], *, late: bool) -> None:
        """`late`: the first change is a frame that was found, else a gap that is new when it is open."""
        for gap, state in changes:
            left = sum(last - first + 1 for first, last in gap.left)
            found = gap.missing - left
            record = Gap(gap.source, device, "counter", gap.from_ms, gap.to_ms, gap.missing, found, state, gap.first)
            self.gaps[device, gap.from_ms, gap.first] = record
        if changes and late:
            self.counts["found"] += 1
        elif changes and changes[0][1] == "open":
            self.counts["missing"] += changes[0][0].missing

    def take_flags(self, frame: Frame) -> None:
        """Count a frame that came in a back-fill."""
        envelope = frame.entry.envelope
        if "backfill" in envelope.flags:
            self.backfilled[envelope.source, frame.received_ms // _MINUTE_MS] += 1


def _is_soon(seen: Seen, time_ms: int) -> bool:
    """Whether it is no earlier than the newest frame, and no gap has to be given up at this time."""
    return time_ms >= seen.newest_ms and (not seen.open or time_ms - seen.open[0].to_ms <= GIVE_UP_MS)


def _is_foreign(fate: Fate) -> bool:
    """Whether the device is none of ours: anybody's devices may be heard, and are not followed."""
    return fate.outcome == "dead_letter" and any(letter.reason in _FOREIGN for letter in fate.letters)
