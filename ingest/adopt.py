"""Devices that send and are not registered: what waits for them, and which decoders fit their frames.

Pure. A decoder fits better the more of the frames it reads, finds a measurement in, and reads without a doubt; and when
a name that the network server sent along means its model. Siblings with one wire format fit equally well: then the
frames do not say which one it is. Tried on the example frames of all 95 decoders: 86 stand first, 63 of them alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import decoders
from decoders import QUANTITIES, Code, Decoded, Decoder, Kind
from sinks.model import DeadLetter, Entry
from sinks.naming import named, spellings

from .networks.model import Uplink
from .networks.names import names
from .pipeline import Fate, Unwrap, process, remembered
from .places import Places

REASON: Final = "observe/unknown_device"
SAMPLE: Final = 32
"""Frames of a device that are looked at, spread over all that wait."""
_MARKS: Final = 4
_UNREAD: Final = (Kind.ERROR, Kind.UNKNOWN)
_SAID_BY_DEVICE: Final = frozenset({Code.NO_ECHO, Code.SENSOR_FAULT, Code.NOT_CONNECTED, Code.NO_SAMPLES})
"""Issues that speak for a decoder: it knows how this device says that it measured nothing."""
_NS: Final = 1_000_000


@dataclass(slots=True)
class Waiting:
    """What waits for one device. `sample`: at most `SAMPLE` of its frames that carry something, first to last.

    `first_ms`, `last_ms`: Unix milliseconds; of the oldest reception, as far as it was looked at, and of the newest
    arrival. `names`: what the newest message calls it, by kind of name.
    """

    device: str
    first_ms: int
    last_ms: int
    messages: int = 0
    sample: list[Uplink] = field(default_factory=list)
    every: int = 1
    names: Mapping[str, str] = field(default_factory=dict)
    networks: set[str] = field(default_factory=set)

    @property
    def ports(self) -> list[int]:
        """Ports of the sample."""
        return sorted({uplink.f_port for uplink in self.sample if uplink.f_port is not None})

    @property
    def is_decoded(self) -> bool:
        """Whether its source sends values instead of bytes, which no decoder is asked about."""
        return any(uplink.decoded is not None for uplink in self.sample)

    def take(self, letter: DeadLetter, unwrap: Unwrap) -> None:
        """Count a letter, and look at every so manyth: when the sample is full, half of it goes."""
        self.last_ms = max(self.last_ms, letter.envelope.arrived_ns // _NS)
        self.messages += 1
        if (self.messages - 1) % self.every == 0:
            self._look(letter, unwrap)

    def _look(self, letter: DeadLetter, unwrap: Unwrap) -> None:
        uplinks = unwrap(letter.envelope)
        if letter.part >= len(uplinks):  # it was unwrapped by other code than today's
            return
        uplink = uplinks[letter.part]
        self.networks.add(uplink.network)
        self.names = names(letter.envelope.body) or self.names
        if uplink.received_ns is not None:
            self.first_ms = min(self.first_ms, uplink.received_ns // _NS)
        if not (uplink.payload and uplink.f_port) and uplink.decoded is None:
            return
        if len(self.sample) == SAMPLE:
            self.sample = self.sample[::2]
            self.every *= 2
        self.sample.append(uplink)


def collect(letters: Iterable[DeadLetter], unwrap: Unwrap) -> dict[str, Waiting]:
    """By device, in the order in which they were first heard."""
    found: dict[str, Waiting] = {}
    for letter in letters:
        if letter.device is None:
            continue
        at_ms = letter.envelope.arrived_ns // _NS
        found.setdefault(letter.device, Waiting(letter.device, at_ms, at_ms)).take(letter, unwrap)
    return found


@dataclass(frozen=True, slots=True)
class Fit:
    """How one decoder reads the frames of a sample.

    `read`: so many of them it takes; `measured`: it finds a value in; `clean`: nothing is left over or in doubt and
    every value is within the limits of its quantity. `issues`: code to number. `named_by`: kind of the name that means
    this model, or "". `said`: all that it read, to tell siblings that agree from those that do not.
    """

    model: str
    frames: int
    read: int
    measured: int
    clean: int
    issues: Mapping[str, int]
    named_by: str
    said: Sequence[Decoded]

    @property
    def score(self) -> int:
        """0 to 100: the three shares of the frames and the name count the same."""
        shares = (self.read + self.measured + self.clean) / self.frames
        return round(100 * (shares + bool(self.named_by)) / _MARKS)


def fits(waiting: Waiting, own: Iterable[Decoder] = ()) -> list[Fit]:
    """Every decoder that reads one of the frames, the best first; equal ones by key. `own`: codecs of the settings."""
    frames = [uplink for uplink in waiting.sample if uplink.payload]
    if not frames:
        return []
    meant = _meant(waiting.names)
    asked = (*decoders.all_decoders().values(), *own)
    tried = (_fit(decoder, frames, meant.get(decoder.key, "")) for decoder in asked)
    return sorted((fit for fit in tried if fit.read), key=lambda fit: (-fit.score, fit.model))


def best(found: Sequence[Fit]) -> list[Fit]:
    """Those that fit equally well, and better than all others."""
    return [fit for fit in found if fit.score == found[0].score]


def _meant(said: Mapping[str, str]) -> dict[str, str]:
    """Key of each model that the names mean, to the first kind of name that means it alone."""
    known = spellings({name: decoder.key for name, decoder in decoders.by_name().items()})
    meant: dict[str, str] = {}
    for kind, name in said.items():
        keys = named(name, known)
        if len(keys) == 1:
            meant.setdefault(next(iter(keys)), kind)
    return meant


def _fit(decoder: Decoder, frames: Sequence[Uplink], named_by: str) -> Fit:
    said = [decoder.decode(uplink.payload or b"", uplink.f_port or 0, {}) for uplink in frames]
    read = [decoded for decoded in said if decoded.readings or decoded.kind not in _UNREAD]
    return Fit(
        decoder.key,
        len(frames),
        len(read),
        sum(map(_is_measured, read)),
        sum(map(_is_clean, read)),
        Counter(str(issue.code) for decoded in said for issue in decoded.issues),
        named_by,
        said,
    )


def _is_measured(decoded: Decoded) -> bool:
    return any(value is not None for reading in decoded.readings for value in reading.values.values())


def _is_clean(decoded: Decoded) -> bool:
    says_something = bool(decoded.readings or decoded.status or decoded.events)
    is_sure = not decoded.unparsed and all(issue.code in _SAID_BY_DEVICE for issue in decoded.issues)
    return says_something and is_sure and _is_within_limits(decoded)


def _is_within_limits(decoded: Decoded) -> bool:
    values = [pair for reading in decoded.readings for pair in reading.values.items()]
    return all(value is None or QUANTITIES[key].low <= value <= QUANTITIES[key].high for key, value in values)


def preview(letters: Iterable[DeadLetter], unwrap: Unwrap, places: Places, device: str) -> list[Fate]:
    """What would become of the frames of this device, were these messages replayed now."""
    messages = {letter.offset: letter.envelope for letter in letters}
    entries = [Entry(offset, envelope) for offset, envelope in messages.items()]
    fates = process(entries, unwrap, places, partial(remembered, {}))
    return [fate for fate in fates if fate.frame.device == device]
