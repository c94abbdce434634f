"""How a device and its radio link are: does it speak, how much is lost, how much room is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from statistics import median
from typing import Final, NamedTuple

from ingest.gaps import Heard, Seen, advance

LATE_AFTER: Final = 2.5
SILENT_AFTER: Final = 6.0
"""Of its usual intervals."""
SILENT_S: Final = 24 * 3600.0
LEAST_FRAMES: Final = 5
"""For a statement about the link."""
_LAST_FLOOR: Final = -20.0  # SF12


class State(IntEnum):
    """Whether a device speaks; the name in lower case is its text."""

    ONLINE = 0
    LATE = 1
    SILENT = 2


class Frame(NamedTuple):
    """The radio link of one frame; None is not known."""

    snr_db: float | None
    rssi_dbm: float | None
    spreading_factor: float | None
    gateways: float


@dataclass(frozen=True, slots=True)
class Link:
    """Medians over frames. `headroom_db`: SNR above the floor of SF12. `margin_db`: above that of the one in use."""

    headroom_db: float | None
    margin_db: float | None
    snr_db: float | None
    rssi_dbm: float | None
    spreading_factor: float | None
    gateways: float


def floor_db(spreading_factor: float) -> float:
    """SNR below which a LoRa receiver hears nothing, at 125 kHz: -7.5 dB for SF7 to -20 for SF12."""
    return 10.0 - 2.5 * spreading_factor


def state(age_s: float, interval_s: float | None) -> State:
    """By the age of the newest frame and the usual interval (None: not known).

    Silent after six intervals, or a day; one that speaks once a day or less is not silent before it is late.
    """
    if interval_s is None:
        return State.SILENT if age_s > SILENT_S else State.ONLINE
    is_late_ = age_s > LATE_AFTER * interval_s
    if is_late_ and (age_s > SILENT_S or age_s > SILENT_AFTER * interval_s):
        return State.SILENT
    return State.LATE if is_late_ else State.ONLINE


def missing(times: Sequence[int], counters: Sequence[float]) -> int | None:
    """Frames that the counter says were sent and did not come, between the first and the last of these.

    `times`: Unix milliseconds, rising. `counters`: of each frame, below 0 when it had none; None when no two had one.
    A session is not known here: a counter that begins anew, or wraps at 16 bits, is judged as in `ingest.gaps`.
    """
    newest: tuple[int, int] | None = None
    gone = followed = 0
    for time_ms, counter in zip(times, counters, strict=True):
        if counter < 0:
            continue
        heard = int(counter)
        if newest is not None:
            followed += 1
            if heard != newest[1] + 1:  # seldom, and worth all the care then
                gone += _between(newest, (time_ms, heard))
        newest = time_ms, heard
    return gone if followed else None


def _between(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Frames that are missing between these two (time, counter)."""
    seen, heard = Seen(None, one[1], one[0], one[0]), Heard("", None, other[1], other[0])
    return sum(gap.missing for gap, found in advance(seen, heard)[1] if found == "open")


def loss_pct(received: int, gone: int) -> float:
    """Share of what was sent that did not come, %."""
    return 100.0 * gone / (received + gone) if received + gone else 0.0


def link(frames: Sequence[Frame]) -> Link | None:
    """Medians of these frames; None for fewer than five."""
    if len(frames) < LEAST_FRAMES:
        return None
    snr = _median(frame.snr_db for frame in frames)
    margin = _median(
        frame.snr_db - floor_db(frame.spreading_factor)
        for frame in frames
        if frame.snr_db is not None and frame.spreading_factor is not None
    )
    return Link(
        headroom_db=None if snr is None else snr - _LAST_FLOOR,
        margin_db=margin,
        snr_db=snr,
        rssi_dbm=_median(frame.rssi_dbm for frame in frames),
        spreading_factor=_median(frame.spreading_factor for frame in frames),
        gateways=median(frame.gateways for frame in frames),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if len(known) >= LEAST_FRAMES else None
