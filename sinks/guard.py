"""What no store takes, found before the write, so that every store refuses the same for the same reason.

A server would take some of it and be worse off: seconds sent as milliseconds, a time in ten years, broken UTF-8.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from time import time
from typing import Final

from sinks.errors import Invalid
from sinks.influxdb.schema import MEASUREMENTS, TAGS
from sinks.model import Field, Point, Series
from sinks.ports import Rejected, Selection


class Code(StrEnum):
    """Why a point, or a field of it, is never stored; `write/<code>` in the dead letters. A closed set."""

    FIELD_TYPE = "field_type"
    UNKNOWN_FIELD = "unknown_field"
    NOT_FINITE = "not_finite"
    TIME_RANGE = "time_range"
    TEXT = "text"
    EMPTY = "empty"
    RETENTION = "retention"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Limits:
    """`earliest_ms`: Unix milliseconds (2015, the year of LoRaWAN 1.0). `ahead_ms`: how far a clock may be fast.

    `text`, `tag`: longest string in characters. `sound`: series that were looked at, `MOST_SOUND` at most.
    """

    earliest_ms: int = 1_420_070_400_000
    ahead_ms: int = 86_400_000
    text: int = 4096
    tag: int = 255
    sound: set[Series] = field(default_factory=set, repr=False, compare=False)


DEFAULTS: Final = Limits()
LATEST_MS: Final = 2**63 // 1_000_000 - 1
"""The year 2262, where the nanoseconds of a time-series server end."""
MOST_ROWS: Final = 100_000
"""Upper bound of one page of rows."""
MOST_SOUND: Final = 200_000
"""More than a city has devices; what others send must not fill the memory."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_INT64 = range(-(2**63), 2**63)
_EXACT_INT: Final = 2**53


def now_ms() -> int:
    """This machine's clock in Unix milliseconds."""
    return int(time() * 1000)


def admit(points: Iterable[Point], now: int, limits: Limits = DEFAULTS) -> tuple[list[Point], list[Rejected]]:
    """The points that may be stored, without their bad fields, and what was taken out of them.

    A row of which nothing is left is rejected as a whole. `now`: Unix milliseconds; a clock that was never set, and
    so stands before `earliest_ms`, judges nothing.
    """
    admitted: list[Point] = []
    rejected: list[Rejected] = []
    latest_ms = now + limits.ahead_ms if now >= limits.earliest_ms else LATEST_MS
    for point in points:
        fault = _row_fault(point, latest_ms, limits)
        if fault is not None:
            rejected.append(Rejected(point, *fault))
            continue
        bad = _bad_fields(point, limits)
        if not bad:
            admitted.append(point)
        elif len(bad) == len(point.fields):
            rejected.append(Rejected(point, bad[0].code, "; ".join(item.detail for item in bad)))
        else:
            rejected += bad
            admitted.append(without(point, [item.field for item in bad]))
    return admitted, rejected


def without(point: Point, names: Iterable[str | None]) -> Point:
    """The same row without these fields."""
    left_out = set(names)
    return Point(point.series, point.time_ms, {k: v for k, v in point.fields.items() if k not in left_out})


def _row_fault(point: Point, latest_ms: int, limits: Limits) -> tuple[Code, str] | None:
    if point.series not in limits.sound:
        fault = series_fault(point.series, limits)
        if fault is not None:
            return fault
        if len(limits.sound) >= MOST_SOUND:
            limits.sound.clear()
        limits.sound.add(point.series)
    if not limits.earliest_ms <= point.time_ms <= latest_ms:
        return Code.TIME_RANGE, f"time {point.time_ms} ms is not within {limits.earliest_ms} to {latest_ms} ms"
    if not point.fields:
        return Code.EMPTY, "the row has no fields"
    return None


def series_fault(series: Series, limits: Limits = DEFAULTS) -> tuple[Code, str] | None:
    """Why no row of this series can be stored, None when they can."""
    if series.measurement not in MEASUREMENTS:
        return Code.UNKNOWN_FIELD, f"there is no measurement {series.measurement!r}"
    for name in TAGS:
        tag: str = getattr(series, name)
        if len(tag) > limits.tag:
            return Code.TEXT, f"tag {name} has {len(tag)} characters, {limits.tag} are allowed"
        # InfluxDB has no way to write a tag that ends with a backslash.
        if _UNPRINTABLE.search(tag) or tag.endswith("\\"):
            return Code.TEXT, f"tag {name} holds control characters or ends with a backslash: {tag!r}"
    return None


def _bad_fields(point: Point, limits: Limits) -> list[Rejected]:
    """What nearly all values are is seen at a glance, without a call; all others are looked at closely."""
    types, longest = MEASUREMENTS[point.series.measurement], limits.text
    bad: list[Rejected] = []
    for name, value in point.fields.items():
        expected = types.get(name)
        if type(value) is expected:
            if expected is float:
                if value - value == 0.0:  # type: ignore[operator]  # finite: infinity and NaN give NaN
                    continue
            elif expected is str:
                if len(value) <= longest and value.isprintable():  # type: ignore[arg-type, union-attr]
                    continue
            elif -_EXACT_INT <= value <= _EXACT_INT:  # type: ignore[operator]
                continue
        fault = _field_fault(value, expected, limits)
        if fault is not None:
            bad.append(Rejected(point, fault[0], f"{name}: {fault[1]}", name))
    return bad


def _field_fault(value: Field, expected: type[Field] | None, limits: Limits) -> tuple[Code, str] | None:
    if expected is None:
        return Code.UNKNOWN_FIELD, "not in the data model"
    if not _fits(value, expected):
        return Code.FIELD_TYPE, f"{type(value).__name__} {value!r:.80} is not {expected.__name__}"
    if isinstance(value, float) and not math.isfinite(value):
        return Code.NOT_FINITE, f"{value} is no number"
    if isinstance(value, str) and (len(value) > limits.text or _UNPRINTABLE.search(value)):
        return Code.TEXT, f"text with control characters, or longer than {limits.text}"
    return None


def _fits(value: Field, expected: type[Field]) -> bool:
    """A whole number is a float too, as long as a float can hold it; a truth is never a number."""
    if isinstance(value, bool) or expected is bool:
        return isinstance(value, bool) and expected is bool
    if expected is float and isinstance(value, int):
        return -_EXACT_INT <= value <= _EXACT_INT
    return isinstance(value, expected) and (not isinstance(value, int) or value in _INT64)


def check_selection(selection: Selection, limit: int = 1) -> None:
    """Raise `Invalid` for an unknown measurement and for a limit outside 1 to `MOST_ROWS`."""
    if selection.measurement not in MEASUREMENTS:
        raise Invalid(f"there is no measurement {selection.measurement!r}")
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"a limit is 1 to {MOST_ROWS}, not {limit}")
