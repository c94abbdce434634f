"""What any import file comes down to: lines of values by column, and problems by row and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sinks.errors import Invalid
from sinks.registry.rules import shown

BYTES_MAX: Final = 8 * 1024 * 1024
ROWS_MAX: Final = 20_000
_KINDS: Final = {"bin": "bin", "behälter": "bin", "papierkorb": "bin", "tree": "tree", "baum": "tree"}
_ZONE: Final = ZoneInfo("Europe/Berlin")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_GERMAN: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file is not taken. `row`: as the spreadsheet counts, the header is row 1; in GeoJSON the feature's number.

    `column`: name of the column, or the header as it stands in the file; "" when the whole row is meant.
    """

    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """Values by column name; an empty cell is no value."""

    row: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Lines:
    """A file that was read: its lines, and what could not be read."""

    lines: tuple[Line, ...] = ()
    problems: tuple[Problem, ...] = ()


def bounded(content: bytes) -> bytes:
    """The content, when it is not too long. Raises `Invalid`."""
    if len(content) > BYTES_MAX:
        raise Invalid(f"an import has at most {BYTES_MAX // 1024 // 1024} MiB; split the file")
    return content


def parse_kind(text: object) -> object:
    """Bin or tree, from the German word too; anything else is left for the rules to refuse."""
    return _KINDS.get(text.strip().casefold(), text) if isinstance(text, str) else text


def parse_time(text: object) -> int:
    """Unix milliseconds of an ISO 8601 or German time; without an offset it is local time in Germany."""
    if not isinstance(text, str):
        raise Invalid(f"a time is a text such as 2026-03-01T08:00+01:00 or 01.03.2026 08:00, not {shown(text)}")
    try:
        moment = _german(text.strip()) or datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"a time is 2026-03-01T08:00+01:00 or 01.03.2026 08:00, not {shown(text)}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_ZONE)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def format_time(time_ms: int) -> str:
    """RFC 3339 in UTC; milliseconds only where there are some."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    text = moment.isoformat(timespec="milliseconds" if time_ms % 1000 else "seconds")
    return text.replace("+00:00", "Z")


def _german(text: str) -> datetime | None:
    found = _GERMAN.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller knows the zone
