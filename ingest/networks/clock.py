"""RFC 3339 in whole nanoseconds, and which of a message's times to believe.

Python's datetime keeps six digits and overflows in year 1; both occur in real messages. Here a time is an int of Unix
nanoseconds, of any size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from sinks.model import Envelope

from .model import TimeSource

SECOND: Final = 1_000_000_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.](\d{1,9})\d*)?(?:([Zz])|([+-])(\d\d):?(\d\d))?", re.ASCII
)

EARLIEST: Final = 1_420_070_400 * SECOND  # 2015-01-01: LoRaWAN 1.0; everything before is a clock that was never set
LATEST: Final = 2**63 - 1  # the stores' range, year 2262
AHEAD: Final = 300 * SECOND  # a time this much after our own clock is still believed
GATEWAY_DRIFT: Final = 3600 * SECOND
LATE: Final = 900 * SECOND
UNSET: Final = -62_135_596_800 * SECOND  # 0001-01-01T00:00:00Z, how Go writes "no time"


@lru_cache(maxsize=64)
def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH_DAY
    except ValueError:
        return None


def parse(text: str | None, zone: ZoneInfo | None = None) -> int | None:
    """Unix nanoseconds of an RFC 3339 time with 0 to 9 digits; None for what is none.

    A time without offset is read in `zone`; without a zone it is None, for nobody knows which it means. Of an hour
    that occurs twice (end of summer time) the first is taken.
    """
    match = _RFC3339.fullmatch(text) if text else None
    if match is None:
        return None
    day_text, hour, minute, second, digits, utc, sign, offset_hour, offset_minute = match.groups()
    day = _day(day_text)
    if day is None or hour > "23" or minute > "59" or second > "60":
        return None
    seconds = day * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign:
        offset = int(offset_hour) * 3600 + int(offset_minute) * 60
        seconds += offset if sign == "-" else -offset
    elif not utc:
        if zone is None or seconds < 0:
            return None
        seconds = _from_local(seconds, zone)
    return seconds * SECOND + (int(digits.ljust(9, "0")) if digits else 0)


def _from_local(seconds: int, zone: ZoneInfo) -> int:
    wall = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=zone)
    offset = wall.utcoffset()
    return seconds - round(offset.total_seconds()) if offset is not None else seconds


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


def choose(
    candidates: Iterable[tuple[int | None, TimeSource]], envelope: Envelope
) -> tuple[int | None, TimeSource | None, tuple[str, ...]]:
    """The first believable time, whose clock it is, and flags; best candidate first, then our own arrival.

    A missing time (None, year 1) is passed over in silence, an unbelievable one leaves the flag `time_implausible`.
    `late`: the frame was received long before it came to us. Without an arrival time (0) only the message is judged.
    """
    arrived = envelope.arrived_ns
    flags = envelope.flags
    for ns, source in candidates:
        if ns is None or ns == UNSET:
            continue
        if _believable(ns, source, envelope):
            return ns, source, (*flags, "late") if arrived and arrived - ns > LATE else flags
        if "time_implausible" not in flags:
            flags = (*flags, "time_implausible")
    return (arrived, TimeSource.ARRIVAL, flags) if arrived else (None, None, flags)


def _believable(ns: int, source: TimeSource, envelope: Envelope) -> bool:
    arrived = envelope.arrived_ns
    if not EARLIEST <= ns <= (arrived + AHEAD if arrived else LATEST):
        return False
    live = arrived and "backfill" not in envelope.flags
    return not (live and source is TimeSource.GATEWAY) or abs(ns - arrived) <= GATEWAY_DRIFT
