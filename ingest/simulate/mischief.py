"""The stream of messages of a fleet, with everything in it that goes wrong in a real city.

Whatever happens to a frame follows from the seed, the device and the frame's number, so a test knows all numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count, islice
from math import floor
from typing import Final

from .chance import between, draw
from .envelopes import wrap
from .frames import SENTINELS, Frame, encode
from .life import values
from .pace import Pace
from .stations import Fleet, Role, Station
from .transmission import Transmission, heard

LOST: Final = 0.04
"""Share of frames that no gateway hears: their numbers are missing in the device's counter."""

TWICE: Final = 0.02
"""Share of frames that come twice, byte by byte: redelivered by a broker, or by two subscriptions."""

BURST_S: Final = 4.0
"""Every device that is not lost by chance has sent within this many seconds of the start."""

_SESSION: Final = 20_000  # frames until a device joins anew, days at the usual speed
_SHORT_SESSION: Final = 12  # the same of a device that restarts all the time
_JOINING_S: Final = 0.9  # from the join to the first frame
_UP_WAY_S: Final = 0.25  # from the network server's reception to its message
_JOIN_WAY_S: Final = 1.9


class Kind(StrEnum):
    """What a message is, and so what has to become of it."""

    NORMAL = "normal"  # stored
    DUPLICATE = "duplicate"  # dropped: the same message came before
    SENTINEL = "sentinel"  # stored without a distance, with the reason
    UNKNOWN = "unknown"  # a dead letter: nobody registered the device
    JOIN = "join"  # an event; the counter begins at 0 again


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """`at_s`: when it is published, Unix seconds; its frame was received just before. `slot`: the frame's number."""

    at_s: float
    kind: Kind = field(compare=False)
    network: str = field(compare=False)
    topic: str = field(compare=False)
    body: bytes = field(compare=False)
    dev_eui: str = field(compare=False)
    slot: int = field(compare=False)
    f_cnt: int = field(compare=False)


def plan(fleet: Fleet, number: int, start_s: float, speed: float = 60.0) -> list[Message]:
    """The first messages after a start at this time, in order."""
    return list(islice(stream(fleet, Pace(speed), start_s), number))


def stream(fleet: Fleet, pace: Pace, start_s: float) -> Iterator[Message]:
    """All messages from a start on, in order and without an end; each is made when it is asked for."""
    waiting: list[tuple[float, int, Message]] = []
    order = count()
    for at_s, station, slot in _occasions(fleet, pace, start_s):
        while waiting and waiting[0][0] <= at_s:
            yield heappop(waiting)[-1]
        for message in messages(fleet, pace, station, slot, at_s):
            heappush(waiting, (message.at_s, next(order), message))


def _occasions(fleet: Fleet, pace: Pace, start_s: float) -> Iterator[tuple[float, Station, int]]:
    """When which device sends which frame: each once soon after the start, then whenever a frame is due."""
    queue: list[tuple[float, int]] = []
    stations = (*fleet.stations, *fleet.strangers)
    for index, station in enumerate(stations):
        heappush(queue, (start_s + between(0, BURST_S, fleet.seed, station.device.dev_eui, "first"), index))
    while True:
        at_s, index = heappop(queue)
        station = stations[index]
        # A due time that was pushed is met again only almost exactly, so the number is asked for a little later.
        slot = pace.slot(station.interval_s, station.phase, at_s + 1e-3)
        yield at_s, station, slot
        heappush(queue, (pace.due_s(station.interval_s, station.phase, slot + 1), index))


def messages(fleet: Fleet, pace: Pace, station: Station, slot: int, at_s: float) -> list[Message]:
    """What becomes of one frame: nothing when it is lost, else its message; a join before it, a duplicate after it."""
    joins = begins_session(fleet, station, slot)
    become = [_joined(fleet, station, slot, at_s)] if joins else []
    if is_lost(fleet, station, slot):
        return become
    sent = _sent(fleet, pace, station, slot, at_s + _JOINING_S * joins)
    become.append(sent)
    if sent.kind is Kind.NORMAL and draw(fleet.seed, station.device.dev_eui, "twice", slot) < TWICE:
        later_s = between(0.2, 2.0, fleet.seed, station.device.dev_eui, "later", slot)
        become.append(replace(sent, kind=Kind.DUPLICATE, at_s=sent.at_s + later_s))
    return become


def is_lost(fleet: Fleet, station: Station, slot: int) -> bool:
    """Whether no gateway heard this frame."""
    return draw(fleet.seed, station.device.dev_eui, "lost", slot) < LOST


def counter(station: Station, slot: int) -> tuple[int, int]:
    """Number of the device's session and the frame counter in it."""
    length = _SHORT_SESSION if station.role is Role.RESTARTS else _SESSION
    return divmod(slot + floor(length * draw("session", station.device.dev_eui)), length)


def begins_session(fleet: Fleet, station: Station, slot: int) -> bool:
    """Whether the device joins before this frame; a stranger joined long ago, when nobody was listening yet."""
    return counter(station, slot)[1] == 0 and station not in fleet.strangers


def _joined(fleet: Fleet, station: Station, slot: int, at_s: float) -> Message:
    return _message(Kind.JOIN, _transmission(fleet, station, slot, at_s - _JOIN_WAY_S, None), slot, at_s)


def _sent(fleet: Fleet, pace: Pace, station: Station, slot: int, at_s: float) -> Message:
    measured = values(fleet.seed, station, pace.moment(at_s), slot)
    kind = Kind.UNKNOWN if station in fleet.strangers else Kind.NORMAL
    if station.role is Role.BROKEN:
        kind, measured = Kind.SENTINEL, {**measured, **SENTINELS[station.device.model]}
    frame = encode(station.device.model, measured)
    return _message(kind, _transmission(fleet, station, slot, at_s - _UP_WAY_S, frame), slot, at_s)


def _transmission(fleet: Fleet, station: Station, slot: int, at_s: float, frame: Frame | None) -> Transmission:
    return Transmission(
        fleet.seed, station, *counter(station, slot), floor(at_s * 1e9), frame, *heard(fleet.seed, station, slot)
    )


def _message(kind: Kind, sent: Transmission, slot: int, at_s: float) -> Message:
    station = sent.station
    return Message(at_s, kind, station.network, *wrap(sent), station.device.dev_eui, slot, sent.f_cnt)
