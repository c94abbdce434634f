"""RFC 3339 in whole nanoseconds, and which of a message's times to believe.

Python's datetime keeps six digits and overflows in year 1; both occur in real messages. Here a time is an int of Unix
nanoseconds, of any size.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from sinks.model import Envelope

from .model import TimeSource

SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 wall clock against wall clock
_EPOCH_DAY: Final = _EPOCH.toordinal()
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.](\d{1,9})\d*)?(?:([Zz])|([+-])(\d\d):?(\d\d))?", re.ASCII
)

EARLIEST: Final = 1_420_070_400 * SECOND  # 2015-01-01: LoRaWAN 1.0; everything before is a clock that was never set
LATEST: Final = 2**63 - 1  # the stores' range, year 2262
AHEAD: Final = 300 * SECOND  # a gateway's time this much after our own clock is still believed
SERVER_AHEAD: Final = 86_400 * SECOND  # a server's, whose clock is as good as ours: the stores take a day too
GATEWAY_DRIFT: Final = 3600 * SECOND
LATE: Final = 900 * SECOND
_NOT_LIVE: Final = frozenset({"backfill", "late"})
_SERVERS: Final = (TimeSource.NETWORK, TimeSource.APPLICATION)
UNSET: Final = -62_135_596_800 * SECOND  # 0001-01-01T00:00:00Z, how Go writes "no time"


def parse(text: str | None, zone: ZoneInfo | None = None) -> int | None:
    """Unix nanoseconds of an RFC 3339 time with 0 to 9 digits; None for what is none.

    A time without offset is read in `zone`; without a zone it is None, for nobody knows which it means. Of an hour
    that occurs twice (end of summer time) the first is taken.
    """
    if not text:
        return None
    digits = text[20:-1] if text[-1] == "Z" else text[20:-6] if text[-6:] == "+00:00" else ""
    if text[19:20] == "." and text[10:11] == "T" and len(digits) <= 9 and digits.isdecimal() and digits.isascii():
        seconds = _seconds(text[:19])
        return None if seconds is None else seconds * SECOND + int(digits.ljust(9, "0"))
    return _parse_any(text, zone)


@lru_cache(maxsize=1024)
def _seconds(text: str) -> int | None:
    """Unix seconds of `YYYY-MM-DDThh:mm:ss` in UTC. Kept, for the times of one message lie in one second or two."""
    if not text[4] == text[7] == "-" or not text[13] == text[16] == ":":
        return None
    try:
        passed = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        if text[17:] != "60":
            return None
        before = _seconds(text[:17] + "59")
        return None if before is None else before + 1  # a leap second
    return passed.days * 86_400 + passed.seconds


def _parse_any(text: str, zone: ZoneInfo | None) -> int | None:
    """The forms that are rare: no fraction, another offset, local time."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    day, time, digits, utc, sign, hours, minutes = match.groups()
    seconds = _seconds(f"{day}T{time}")
    if seconds is None:
        return None
    if sign:
        seconds += (int(hours) * 3600 + int(minutes) * 60) * (1 if sign == "-" else -1)
    elif not utc:
        if zone is None or seconds < 0:
            return None
        seconds = _from_local(seconds, zone)
    return seconds * SECOND + (int(digits.ljust(9, "0")) if digits else 0)


def _from_local(seconds: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=zone).utcoffset()
    return seconds - round(offset.total_seconds()) if offset is not None else seconds


def epoch(number: float | None) -> int | None:
    """Unix nanoseconds of a number since 1970, None for what is none: seconds below 1e11, else milliseconds."""
    if number is None or not 0 <= number < 1e14:
        return None
    return round(number * (1e6 if number < 1e11 else 1e3)) * 1000


def rfc3339(ns: int) -> str:
    """The time in UTC with 0, 3, 6 or 9 digits, none lost: `2026-11-24T22:16:52.137516855Z`. Years 1 to 9999."""
    seconds, fraction = divmod(ns, SECOND)
    days, rest = divmod(seconds, 86_400)
    text = f"{date.fromordinal(days + _EPOCH_DAY)}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    if fraction == 0:
        return text + "Z"
    digits = f"{fraction:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{text}.{digits}Z"


def is_live(ns: int | None, envelope: Envelope) -> bool:
    """Whether a server's time is all that need be asked: believable, and not late. Nearly always; else see `choose`."""
    return ns is not None and ns >= EARLIEST and -SERVER_AHEAD <= envelope.arrived_ns - ns <= LATE


def choose(
    candidates: Iterable[tuple[int | None, TimeSource]], envelope: Envelope
) -> tuple[int | None, TimeSource | None, tuple[str, ...]]:
    """The first believable time, whose clock it is, and flags; best candidate first, then our own arrival.

    A missing time (None, year 1) is passed over in silence, an unbelievable one leaves the flag `time_implausible`.
    `late`: the frame was received long before it came to us; a message that says so of itself comes with the flag, and
    then a gateway's time may be of any age. Without an arrival time (0), or with one of a clock that
    was never set, only the message is judged.
    """
    arrived, flags = envelope.arrived_ns, envelope.flags
    if arrived < EARLIEST:
        arrived = 0
    for ns, source in candidates:
        if ns is None or ns == UNSET:
            continue
        if _believable(ns, source, arrived, envelope.flags):
            return ns, source, (*flags, "late") if arrived - ns > LATE and "late" not in flags else flags
        if "time_implausible" not in flags:
            flags = (*flags, "time_implausible")
    return (arrived, TimeSource.ARRIVAL, flags) if arrived else (None, None, flags)


def _believable(ns: int, source: TimeSource, arrived: int, flags: Collection[str]) -> bool:
    ahead = SERVER_AHEAD if source in _SERVERS else AHEAD
    if not EARLIEST <= ns <= (arrived + ahead if arrived else LATEST):
        return False
    live = arrived and _NOT_LIVE.isdisjoint(flags)
    return not (live and source is TimeSource.GATEWAY) or abs(ns - arrived) <= GATEWAY_DRIFT
