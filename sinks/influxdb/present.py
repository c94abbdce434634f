"""Rows of an older data model as rows of the present one; rows of the present one stay as they are.

A frame once was up to three rows: what was measured, `device_status` with the device's condition, and `link_quality`
with the radio link, all of one device at one time. Now it is one, see `schema`. Where a frame measured at several
depths, condition and link go to the shallowest; nobody knows any more which reading the device sent first.
`device_status.age_s` is left out: `device_health` says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sinks.influxdb.schema import CONDITION, LINK, TAGS
from sinks.model import Field, Point, Series
from sinks.ports import Row

_MEASURED: Final = ("bin_level", "soil")
_STATUS: Final = "device_status"
_RADIO: Final = "link_quality"
_GONE: Final = {_STATUS: {"age_s"}}


class Moved(NamedTuple):
    """A row of the present model. `sources`: the measurement of each row that it is made of."""

    point: Point
    sources: tuple[str, ...]


def present(rows: Sequence[Row]) -> Iterator[Moved]:
    """Of all rows that have one time."""
    frames: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row.measurement in (*_MEASURED, _STATUS, _RADIO):
            frames.setdefault(_device(row), []).append(row)
        else:
            yield Moved(_point(row), (row.measurement,))
    for frame in frames.values():
        yield from _one_row_a_frame(frame)


def strange_tags(row: Row) -> list[str]:
    """Tags that the present model has no place for; without them two series might become one."""
    return sorted(row.tags.keys() - set(TAGS))


def _one_row_a_frame(frame: Sequence[Row]) -> Iterator[Moved]:
    beside = [row for row in frame if row.measurement in (_STATUS, _RADIO)]
    measured = sorted((row for row in frame if row.measurement in _MEASURED), key=_depth)
    if not measured:
        yield _status(beside)
        return
    first, *others = measured
    said = {name: value for row in beside for name, value in row.fields.items() if name in CONDITION | LINK}
    point = _point(first)
    yield Moved(
        Point(point.series, point.time_ms, {**said, **point.fields}), tuple(row.measurement for row in (first, *beside))
    )
    for row in others:
        yield Moved(_point(row), (row.measurement,))


def _status(rows: Sequence[Row]) -> Moved:
    fields: dict[str, Field] = {}
    for row in rows:
        fields |= _kept(row)
    series = _point(rows[0]).series
    return Moved(
        Point(Series(_STATUS, series.tenant, series.asset_id, series.device_id, series.model), rows[0].time_ms, fields),
        tuple(row.measurement for row in rows),
    )


def _point(row: Row) -> Point:
    tags = {name: row.tags.get(name, "") for name in TAGS}
    return Point(Series(row.measurement, **tags), row.time_ms, _kept(row))


def _kept(row: Row) -> dict[str, Field]:
    gone = _GONE.get(row.measurement, set())
    return {name: value for name, value in row.fields.items() if name not in gone}


def _device(row: Row) -> tuple[str, ...]:
    return tuple(row.tags.get(name, "") for name in ("tenant", "asset_id", "device_id", "model"))


def _depth(row: Row) -> tuple[float, str]:
    depth = row.tags.get("depth_cm", "")
    return (float(depth) if depth.replace(".", "", 1).isdigit() else -1.0), depth
