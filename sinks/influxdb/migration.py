"""Rows of one bucket into another, in the present data model: each of them accounted for, the source left as it is.

In order of time, in batches; what is there already is not written again, so a second run writes nothing, and a run that
was cut goes on behind its last batch.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Final

from sinks.errors import Refused
from sinks.guard import admit
from sinks.influxdb.connection import Connection
from sinks.influxdb.history import History
from sinks.influxdb.present import Moved, present, strange_tags
from sinks.influxdb.read import LAST_MS
from sinks.influxdb.schema import TAGS
from sinks.model import Field, Point, Series
from sinks.ports import Row, Written

BATCH: Final = 1000
SPAN_MS: Final = 3_600_000
"""Points in one batch, and how much time it may span: what the target has in that time is read to compare."""

_COUNTED: Final = ("read", "written", "there", "rejected", "reasons")

Counts = Counter[str]
"""Source measurement to number of rows."""

FIRST_MS: Final = -LAST_MS
"""Before everything."""


@dataclass(slots=True)
class Tally:
    """What became of the rows that were read.

    `reasons`: why rows or single fields were left out, how often; `examples`: what was said the first time.
    """

    read: Counts = field(default_factory=Counter)
    written: Counts = field(default_factory=Counter)
    there: Counts = field(default_factory=Counter)
    rejected: Counts = field(default_factory=Counter)
    reasons: Counts = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def left_out(self, reason: str, example: str) -> None:
        """Count a row or field that is not in the target."""
        self.reasons[reason] += 1
        self.examples.setdefault(reason, example[:160])

    @property
    def counts(self) -> dict[str, Counts]:
        """What is counted, by name."""
        return {name: getattr(self, name) for name in _COUNTED}

    def adds_up(self) -> bool:
        """Every row that was read was written, was there, or was rejected."""
        return self.read == self.written + self.there + self.rejected


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a migration keeps from which time it goes on, and its counts so far."""

    file: Path

    @classmethod
    def of(cls, folder: Path, source: Connection, target: Connection) -> Checkpoint:
        """Of just this source and target; other ones have another file."""
        both = repr([(it.url, it.org, it.bucket) for it in (source, target)])
        return cls(folder / f"migration-{sha256(both.encode()).hexdigest()[:12]}.json")

    def resume(self) -> tuple[int, Tally]:
        """Milliseconds from which to go on, or to begin, and the counts up to there. Raises `Refused`."""
        try:
            kept = json.loads(self.file.read_bytes())
            counts = {name: Counter(kept[name]) for name in _COUNTED}
            return int(kept["from_ms"]), Tally(**counts, examples=dict(kept["examples"]))
        except FileNotFoundError:
            return FIRST_MS, Tally()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused(f"{self.file} cannot be read; remove it to begin anew") from error

    def keep(self, through_ms: int, tally: Tally) -> None:
        """All is done through this time. Whole or not at all; raises `Refused`."""
        kept = {"from_ms": through_ms + 1, **tally.counts, "examples": tally.examples}
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            part = self.file.with_suffix(".part")
            part.write_text(json.dumps(kept), encoding="utf-8")
            part.replace(self.file)
        except OSError as error:
            raise Refused(f"{self.file} cannot be written: {error.strerror}") from error

    def end(self) -> None:
        """It is done; the next one begins anew."""
        self.file.unlink(missing_ok=True)


@dataclass(slots=True)
class _Batch:
    """Points of the present model by series and time; `refused`: rows that cannot become one, and why."""

    read: Counts = field(default_factory=Counter)
    moved: dict[tuple[Series, int], Moved] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    from_ms: int = 0
    through_ms: int = 0


def migrate(
    rows: Iterator[Row],
    target: History,
    write: Callable[[Sequence[Point]], Written],
    tally: Tally,
    settled: Callable[[int], None],
    now_ms: int,
) -> None:
    """Move them, adding to the tally. `settled`: told after each batch through which time all is done.

    `write`: stores points and says which it does not; for a rehearsal, one that only counts them.
    """
    for batch in _batches(rows):
        admitted, left_out = admit([it.point for it in batch.moved.values()], now_ms)
        new = list(_not_there(admitted, target))
        left_out += write(new).rejected
        rejected = {(it.point.series, it.point.time_ms) for it in left_out if it.field is None}
        written = {(it.series, it.time_ms) for it in new}
        for key, moved in batch.moved.items():
            outcome = tally.rejected if key in rejected else tally.written if key in written else tally.there
            outcome.update(moved.sources)
        for item in left_out:
            what = f"field {item.field}" if item.field else "row"
            tally.left_out(f"{item.point.series.measurement}: {what}: {item.code}", item.detail)
        for measurement, why in batch.refused:
            tally.left_out(f"{measurement}: row: unknown_tag", why)
            tally.rejected[measurement] += 1
        tally.read.update(batch.read)
        settled(batch.through_ms)


def _batches(rows: Iterator[Row]) -> Iterator[_Batch]:
    """As many instants as fit into a batch, and one at the least."""
    batch = _Batch()
    for time_ms, together in groupby(rows, key=lambda row: row.time_ms):
        if batch.read and (len(batch.moved) >= BATCH or time_ms - batch.from_ms >= SPAN_MS):
            yield batch
            batch = _Batch()
        if not batch.read:
            batch.from_ms = time_ms
        batch.through_ms = time_ms
        _take(batch, list(together))
    if batch.read:
        yield batch


def _take(batch: _Batch, rows: Sequence[Row]) -> None:
    batch.read.update(row.measurement for row in rows)
    fitting = []
    for row in rows:
        strange = strange_tags(row)
        if strange:
            batch.refused.append((row.measurement, f"tags {', '.join(strange)} are not in the data model"))
        else:
            fitting.append(row)
    for moved in present(fitting):
        key = moved.point.series, moved.point.time_ms
        before = batch.moved.get(key)
        batch.moved[key] = moved if before is None else _united(before, moved)


def _united(one: Moved, other: Moved) -> Moved:
    """Two rows within one millisecond."""
    fields = {**one.point.fields, **other.point.fields}
    return Moved(Point(one.point.series, one.point.time_ms, fields), one.sources + other.sources)


def _not_there(points: Sequence[Point], target: History) -> Iterator[Point]:
    """Those of which the target lacks a value."""
    there: dict[tuple[Series, int], dict[str, Field]] = {}
    for measurement, ours in groupby(
        sorted(points, key=lambda it: it.series.measurement), key=lambda it: it.series.measurement
    ):
        times = [it.time_ms for it in ours]
        for row in target.between(measurement, min(times), max(times) + 1):
            series = Series(measurement, **{name: row.tags.get(name, "") for name in TAGS})
            there.setdefault((series, row.time_ms), {}).update(row.fields)
    for point in points:
        if not point.fields.items() <= there.get((point.series, point.time_ms), {}).items():
            yield point
