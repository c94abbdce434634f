"""InfluxQL of alert rules: one number for each asset, device or part of the pipeline, within the rule's own time."""

# ruff: noqa: S608  # names come from the schema, everything else from this project

from __future__ import annotations

from typing import Final

from grafana.influxql import field, tag

ASSET: Final = ("tenant", "asset_id")
DEVICE: Final = ("tenant", "asset_id", "device_id")
PROBE: Final = ("tenant", "asset_id", "depth_cm")
PART: Final = ("name",)
"""Of the pipeline: a sink or a source."""


def number(function: str, measurement: str, name: str, by: tuple[str, ...] = (), only: str = "") -> str:
    """`last`, `min`, `max` or `count` of a field within the rule's time. `only`: what its rows must be."""
    return _select(f"{function}({field(measurement, name)})", measurement, by, only)


def warming(measurement: str, name: str, by: tuple[str, ...] = (), only: str = "") -> str:
    """Of the last row over the least within the rule's time."""
    column = field(measurement, name)
    return _select(f"last({column}) - min({column})", measurement, by, only)


def rise(measurement: str, name: str, by: tuple[str, ...] = (), only: str = "") -> str:
    """From the first to the last row within the rule's time."""
    column = field(measurement, name)
    return _select(f"last({column}) - first({column})", measurement, by, only)


def spread(measurement: str, name: str, by: tuple[str, ...], least: int, only: str) -> str:
    """Between the least and the greatest value of those that said something so often."""
    column, groups = field(measurement, name), ", ".join(tag(name) for name in by)
    of_each = (
        f'SELECT spread({column}) AS apart, count({column}) AS n FROM "{measurement}" WHERE $timeFilter AND {only}'
    )
    return f"SELECT apart FROM ({of_each} GROUP BY {groups}) WHERE $timeFilter AND n >= {least} GROUP BY {groups}"


def in_time(times: int, measurement: str, name: str, by: tuple[str, ...] = (), only: str = "") -> str:
    """What will be left after so many times the rule's time, if it goes on as from its first to its last row."""
    column = field(measurement, name)
    return _select(f"{1 + times} * last({column}) - {times} * first({column})", measurement, by, only)


def _select(what: str, measurement: str, by: tuple[str, ...], only: str) -> str:
    where = f"$timeFilter AND {only}" if only else "$timeFilter"
    group = f" GROUP BY {', '.join(tag(name) for name in by)}" if by else ""
    return f'SELECT {what} FROM "{measurement}" WHERE {where}{group}'
