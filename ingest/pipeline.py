"""The way through the house: what becomes of every frame of a kept message.

    unwrap -> seen before? -> known device? -> decode -> observe

Pure but for the books it is shown: live intake, replay, the simulator and the tests all come through here. A frame
that cannot go on becomes a dead letter that names the step and the code at which it stopped; it holds up nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, structs

from decoders import Decoded, Decoder, Kind, Reading
from decoders.model import RECEIVED_MS, Params
from sinks.model import DeadLetter, Entry, Envelope, Point
from sinks.ports import SLOT
from sinks.redact import without_secrets

from .networks.model import Outcome, Uplink
from .observe import observe
from .places import Places
from .site import Site

REDELIVERY_MS: Final = 24 * 3600 * 1000
"""How long the network server's own id of a frame counts: redelivery, webhook beside MQTT, back-fill overlap."""

RETRANSMISSION_MS: Final = 30 * 60 * 1000
"""How long the same counter with the same payload is the same frame. Devices restart their counters: in a year of
31,407 real messages the shortest true reuse was 53 minutes, so a longer memory would throw measurements away."""

DEVICE_CLOCK_MS: Final = (90 * 24 * 3600 * 1000, 10 * 60 * 1000)
"""A device's own time counts when it is at most this much before or after the reception."""

_NS = 1_000_000

# Asking an enumeration for a member costs as much as a function call.
_DATA, _DERIVED, _DEAD_LETTER = Outcome.DATA, Outcome.DERIVED, Outcome.DEAD_LETTER
_HISTORY, _ERROR, _UNKNOWN = Kind.HISTORY, Kind.ERROR, Kind.UNKNOWN

Unwrap = Callable[[Envelope], Sequence[Uplink]]
Seen = Callable[[Mapping[str, int]], Mapping[str, int]]
"""Those of the keys that were settled before, each with the event time (Unix milliseconds) until which it counts."""


class Refusal(Exception):
    """Why a frame cannot go on: `<step>/<code>` and one sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Frame(Struct, frozen=True, gc=False):
    """One frame or event of a kept message; `part` is its place in the message.

    `device`: its DevEUI, else the key that its source knows it by. `received_ms`: by the best clock there is.
    """

    entry: Entry
    part: int
    uplink: Uplink
    device: str | None
    received_ms: int


class Fate(Struct, frozen=True, gc=False):
    """What became of a frame: `outcome` is stored, duplicate or dead_letter; `label` says what the frame was.

    A duplicate's label names the layer that knew it: `duplicate_delivery` by the network server's id of the frame,
    `duplicate_radio` by counter and payload, `derived` what repeats another message in another form.
    `keys`: what to remember it by. A stored frame may leave letters too: for single readings that were refused.
    """

    frame: Frame
    outcome: str
    label: str
    points: Sequence[Point] = ()
    letters: tuple[DeadLetter, ...] = ()
    keys: Mapping[str, int] = {}


def process(entries: Sequence[Entry], unwrap: Unwrap, places: Places, seen: Seen) -> list[Fate]:
    """The fate of every frame of these messages, in their order."""
    found = frames(entries, unwrap)
    keys = [dedup_keys(frame) for frame in found]
    asked: dict[str, int] = {}
    for own in keys:
        asked.update(own)
    memory = dict(seen(asked))
    fates = []
    for frame, own in zip(found, keys, strict=True):
        fate = _fate(frame, own, memory, places)
        memory.update(fate.keys)
        fates.append(fate)
    return fates


def _known(frame: Frame, keys: Mapping[str, int], memory: Mapping[str, int]) -> str | None:
    """The key by which this frame was seen before."""
    if memory.keys().isdisjoint(keys):
        return None  # nearly always
    for key in keys:
        if key in memory and _same_frame(frame, key, memory):
            return key
    return None


def frames(entries: Sequence[Entry], unwrap: Unwrap) -> list[Frame]:
    """Every frame and event of these messages, in order."""
    return [_frame(entry, part, uplink) for entry in entries for part, uplink in enumerate(unwrap(entry.envelope))]


def _frame(entry: Entry, part: int, uplink: Uplink) -> Frame:
    """A frame without any time of its own is taken to be of its arrival."""
    if uplink.received_ns is None:
        uplink = structs.replace(uplink, received_ns=entry.envelope.arrived_ns)
    return Frame(entry, part, uplink, uplink.dev_eui or uplink.device_key, (uplink.received_ns or 0) // _NS)


def _fate(frame: Frame, keys: Mapping[str, int], memory: Mapping[str, int], places: Places) -> Fate:
    try:
        if frame.uplink.outcome is _DERIVED:
            return Fate(frame, "duplicate", "derived")
        known = _known(frame, keys, memory)
        if known is not None:
            return Fate(frame, "duplicate", "duplicate_radio" if SLOT in known else "duplicate_delivery")
        points, letters = _stored(frame, places)
    except Refusal as refusal:
        return Fate(frame, "dead_letter", "dead_letter", letters=(dead_letter(frame, refusal.reason, str(refusal)),))
    except Exception as error:  # noqa: BLE001 the pipeline's one broad catch: a defect of ours must not stop the others
        letter = dead_letter(frame, "pipeline/defect", f"{type(error).__name__}: {error}")
        return Fate(frame, "dead_letter", "dead_letter", letters=(letter,))
    label = "decoded" if frame.uplink.outcome is _DATA else str(frame.uplink.outcome)
    return Fate(frame, "stored", label, points, letters, keys)


def _stored(frame: Frame, places: Places) -> tuple[Sequence[Point], tuple[DeadLetter, ...]]:
    uplink = frame.uplink
    if uplink.outcome is _DEAD_LETTER:
        raise Refusal(*_reason(uplink))
    site = _site(frame, places)
    decoded, decoder = _decode(frame, site)
    in_time, letters = _check_clock(frame, decoded)
    return observe(uplink, in_time, site, decoder, frame.entry.offset), letters


def _reason(uplink: Uplink) -> tuple[str, str]:
    reason, _, detail = (uplink.reason or "unwrap/unknown").partition(": ")
    return reason, detail


def _site(frame: Frame, places: Places) -> Site:
    if frame.device is None:
        raise Refusal("unwrap/no_device", "the message does not say which device sent it")
    site = places.at(frame.device, frame.received_ms)
    if site is None:
        text = f"{frame.device} is not registered: `smartcity devices adopt` takes it in"
        raise Refusal("observe/unknown_device", text)
    return site


def _decode(frame: Frame, site: Site) -> tuple[Decoded | None, str]:
    uplink = frame.uplink
    if uplink.outcome is not _DATA:
        return None, ""
    if uplink.decoded is not None:
        return Decoded(Kind.TELEMETRY, (Reading(uplink.decoded),)), f"{uplink.network}/1"
    decoder, device = site.decoder, site.place.device
    if decoder is None:
        raise Refusal("decode/unknown_model", f"no decoder is called {device.model!r}")
    decoded = decoder.decode(uplink.payload or b"", uplink.f_port or 0, _params(frame, device.params, decoder))
    if not decoded.readings and decoded.kind in (_ERROR, _UNKNOWN):
        code, detail = (decoded.issues[0].code, decoded.issues[0].detail) if decoded.issues else ("unknown", "")
        raise Refusal(f"decode/{code}", detail or f"{decoder.key} refuses these bytes")
    return decoded, f"{decoder.key}/{decoder.revision}" if decoder.revision > 1 else ""


def _params(frame: Frame, params: Params, decoder: Decoder) -> Params:
    return {**params, RECEIVED_MS: frame.received_ms} if RECEIVED_MS in decoder.params else params


def _check_clock(frame: Frame, decoded: Decoded | None) -> tuple[Decoded | None, tuple[DeadLetter, ...]]:
    """Readings whose own time cannot be true become letters: dated to the reception they would be false.

    What a device sends again without saying how old it is was said by the frames before, and is left out.
    """
    if decoded is None or (len(decoded.readings) == 1 and _is_in_time(frame, decoded, decoded.readings[0])):
        return decoded, ()  # nearly always
    decoded = decoded._replace(readings=tuple(one for one in decoded.readings if one.age_ms is not None))
    good = tuple(reading for reading in decoded.readings if _is_in_time(frame, decoded, reading))
    if len(good) == len(decoded.readings):
        return decoded, ()
    detail = "the device dates a stored reading outside 90 days before and 10 minutes after its reception"
    letters = (dead_letter(frame, "observe/device_clock", detail),)
    return decoded._replace(readings=good), letters


def _is_in_time(frame: Frame, decoded: Decoded, reading: Reading) -> bool:
    if reading.time_ms is None:
        return decoded.kind is not _HISTORY  # a stored record without a usable time is of nobody knows when
    before, after = DEVICE_CLOCK_MS
    return frame.received_ms - before <= reading.time_ms <= frame.received_ms + after


def dead_letter(frame: Frame, reason: str, detail: str) -> DeadLetter:
    """The letter of a frame; the sink that it failed for is filled in where it is settled.

    An earlier version, or another program on Kafka, may have kept a message with its secrets; a letter has none.
    """
    entry = frame.entry
    return DeadLetter("", entry.offset, frame.part, reason, detail, without_secrets(entry.envelope), frame.device)


def dedup_keys(frame: Frame) -> dict[str, int]:
    """What a frame may be known by, with the event time up to which it counts."""
    uplink, received = frame.uplink, frame.received_ms
    outcome = uplink.outcome
    if outcome is _DEAD_LETTER or outcome is _DERIVED:
        return {}
    keys = {uplink.dedup_key: received + REDELIVERY_MS} if uplink.dedup_key else {}
    if outcome is _DATA and uplink.f_cnt is not None and uplink.payload:
        identity = f"radio:{frame.device}{SLOT}{uplink.session or ''}:{uplink.f_cnt}:{uplink.payload.hex()}"
        keys[identity] = received + RETRANSMISSION_MS
    return keys


def _same_frame(frame: Frame, key: str, memory: Mapping[str, int]) -> bool:
    """Within the key's time on both sides: a frame much older than the one remembered is another one."""
    until = memory[key]
    window = RETRANSMISSION_MS if key.startswith("radio:") else REDELIVERY_MS
    return until - 2 * window < frame.received_ms < until


def remembered(memory: Mapping[str, int], keys: Mapping[str, int]) -> dict[str, int]:
    """Those of the keys that are in this memory, as `Seen` gives them."""
    return {key: memory[key] for key in keys.keys() & memory.keys()}


def all_points(fates: Iterable[Fate]) -> list[Point]:
    """Every point of these fates, in order."""
    return [point for fate in fates for point in fate.points]
