"""What would change in a store: rows as today's code makes them against rows as they were stored.

Pure. A store keeps the union of a row's fields: what today's code no longer gives stays there and is called stale.
`offset` is no difference: a message that was replayed stands in the journal twice, and either place is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from statistics import median
from typing import Any, Final

from msgspec.structs import replace

from sinks.influxdb.schema import TAGS
from sinks.model import Field, Point, Series
from sinks.ports import Row

EXAMPLES: Final = 3
SAMPLE: Final = 10_000
"""Differences of one quantity that are kept for its median; of more, a random sample."""

Key = tuple[Series, int]
"""What makes a row the same row: series and Unix milliseconds."""


@dataclass(slots=True)
class Quantity:
    """One field of one measurement: how many values change, appear, or stay though nothing gives them any more."""

    changed: int = 0
    new: int = 0
    stale: int = 0
    least: float | None = None
    most: float | None = None
    examples: list[dict[str, Any]] = field(default_factory=list)
    _sample: list[float] = field(default_factory=list)
    _measured: int = 0
    _chance: Random = field(default_factory=lambda: Random(0))  # noqa: S311 a sample, no secret

    def take(self, key: Key, before: Field, after: Field) -> None:
        """A value that changes; of numbers, by how much too."""
        self.changed += 1
        if len(self.examples) < EXAMPLES:
            series, time_ms = key
            place = {"asset": series.asset_id, "device": series.device_id, "time_ms": time_ms}
            self.examples.append(place | {"before": before, "after": after})
        if not isinstance(before, str | bool) and not isinstance(after, str | bool):
            self._measure(float(after) - float(before))

    def _measure(self, by: float) -> None:
        self.least = by if self.least is None else min(self.least, by)
        self.most = by if self.most is None else max(self.most, by)
        self._measured += 1
        if len(self._sample) < SAMPLE:
            self._sample.append(by)
        elif (place := self._chance.randrange(self._measured)) < SAMPLE:
            self._sample[place] = by

    @property
    def median(self) -> float | None:
        """Of all differences, or of a sample when there are more than `SAMPLE`."""
        return median(self._sample) if self._sample else None


@dataclass(slots=True)
class Difference:
    """The sum over all rows that were compared. `quantities`: by `<measurement>.<field>`."""

    same: int = 0
    changed: int = 0
    new: int = 0
    stale: int = 0
    quantities: dict[str, Quantity] = field(default_factory=dict)

    def take(self, point: Point, stored: Mapping[str, Field] | None) -> Point | None:
        """Count a row, and give what has to be written for it; None when the store has it already."""
        if stored is None:
            self.new += 1
            for name in point.fields.keys() - {"offset"}:
                self._of(point.series, name).new += 1
            return point
        if not self._compare_fields(point, stored):
            self.same += 1
            return None
        self.changed += 1
        taken_back = _taken_back(point, stored)  # else the old words would stay on new values
        return replace(point, fields={**point.fields, **dict.fromkeys(taken_back, "")}) if taken_back else point

    def take_stale(self, row: Row) -> None:
        """A stored row of a message that no longer gives it."""
        self.stale += 1
        for name in row.fields.keys() - {"offset"}:
            self._of(_series(row), name).stale += 1

    def _compare_fields(self, point: Point, stored: Mapping[str, Field]) -> bool:
        key, differs = (point.series, point.time_ms), False
        for name, value in point.fields.items():
            if name == "offset" or (name in stored and stored[name] == value):
                continue
            differs = True
            if name in stored:
                self._of(point.series, name).take(key, stored[name], value)
            else:
                self._of(point.series, name).new += 1
        for name in _taken_back(point, stored):
            differs = True
            self._of(point.series, name).take(key, stored[name], "")
        for name in stored.keys() - point.fields.keys() - {*_SAID_BY_ABSENCE, "offset"}:
            self._of(point.series, name).stale += 1
        return differs

    def _of(self, series: Series, name: str) -> Quantity:
        return self.quantities.setdefault(f"{series.measurement}.{name}", Quantity())


_SAID_BY_ABSENCE: Final = ("quality_codes", "decoder", "time_source")
"""Texts whose absence is a statement: all is good, the model's first revision, the network server's clock."""


def _taken_back(point: Point, stored: Mapping[str, Field]) -> list[str]:
    return [name for name in _SAID_BY_ABSENCE if stored.get(name) and name not in point.fields]


def merged(points: Iterable[Point]) -> dict[Key, Point]:
    """One point a row: what a store makes of several, where the later one wins and what it leaves out stays."""
    rows: dict[Key, Point] = {}
    for point in points:
        key = point.series, point.time_ms
        before = rows.get(key)
        rows[key] = point if before is None else replace(point, fields={**before.fields, **point.fields})
    return rows


def key_of(row: Row) -> Key:
    """Which row of the store this is."""
    return _series(row), row.time_ms


def _series(row: Row) -> Series:
    return Series(row.measurement, *(row.tags[name] for name in TAGS))
