"""InfluxQL of the boards of device, fleet and pipeline."""

# ruff: noqa: S608  # names come from the schema, everything else from this project

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sinks.influxdb.schema import MEASUREMENTS, TAGS

from .influxql import field, tag

OF_LATE: Final = "time >= ${__to}ms - 3h"
"""States stand at the beginning of their hour; what is older belongs to a device that is no longer in the registry."""


def one_device() -> str:
    """Only the device that is chosen."""
    return f"{tag('device_id')} =~ /^${{device:regex}}$/"


def city() -> str:
    """Only the cities that are chosen."""
    return f"{tag('tenant')} =~ /^${{city:regex}}$/"


def _where(only: str) -> str:
    return f"$timeFilter AND {only}" if only else "$timeFilter"


def _group(names: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(tag(name) for name in names)}" if names else ""


def column(measurement: str, name: str) -> str:
    """A field, or a tag as a column. Raises KeyError when the schema has neither."""
    return tag(name) if name in TAGS else field(measurement, name)


def newest_number(measurement: str, name: str, by: Sequence[str] = (), only: str = "") -> str:
    """The last value of a field, of each group."""
    return f'SELECT last({field(measurement, name)}) FROM "{measurement}" WHERE {_where(only)}{_group(by)}'


def newest_rows(measurement: str, names: Sequence[str], by: Sequence[str] = (), only: str = "", number: int = 1) -> str:
    """The newest rows, of each group, as they stand; tags that are no group can be columns."""
    columns = ", ".join(column(measurement, name) for name in names)
    return f'SELECT {columns} FROM "{measurement}" WHERE {_where(only)}{_group(by)} ORDER BY time DESC LIMIT {number}'


def over_time(measurement: str, what: str, by: Sequence[str] = (), only: str = "") -> str:
    """`what`: an aggregate over each point of time; a gap is a gap."""
    MEASUREMENTS[measurement]
    groups = "".join(f", {tag(name)}" for name in by)
    return f'SELECT {what} FROM "{measurement}" WHERE {_where(only)} GROUP BY time($__interval){groups} fill(null)'


def aggregate(function: str, measurement: str, name: str) -> str:
    """`function` of a field."""
    return f"{function}({field(measurement, name)})"


def devices_in(state: int) -> str:
    """How many devices are in that state now; 0 is said when there are others, nothing when there is none at all."""
    newest = f"SELECT last({field('device_health', 'state_code')})"
    among = f'FROM "device_health" WHERE {_where(f"{city()} AND {OF_LATE}")} GROUP BY {tag("device_id")}'
    counted = f"SELECT v * 0 + 1 AS n FROM ({newest} AS v {among}) WHERE v = {state} AND {OF_LATE}"
    return f"SELECT sum(n) FROM ({newest} * 0 AS n {among}), ({counted}) WHERE {OF_LATE}"


def open_by_model(reason: str) -> str:
    """Open dead letters whose reason begins so, by model of the device."""
    begins = f"{tag('name')} =~ /^{reason}/"
    of_each = f'SELECT last({field("dead_letters", "open")}) AS n FROM "dead_letters" WHERE {_where(begins)}'
    of_each += _group(("name", "model"))
    return f"SELECT sum(n) AS n FROM ({of_each}) WHERE $timeFilter GROUP BY {tag('model')}"


_HEADROOM: Final = "20"
"""dB of the floor of SF12 below zero; that of each spreading factor is 10 - 2.5 SF, at 125 kHz."""
_LINK: Final = ("quality_codes", "snr_db", "rssi_dbm", "spreading_factor", "gateways", "gateway")


def uplinks(measurement: str) -> str:
    """The newest frames of the chosen device, with what its radio had to spare; a row for each reception."""
    columns = ", ".join(field(measurement, name) for name in ("f_cnt", "f_port", "quality", *_LINK))
    snr, factor = field(measurement, "snr_db"), field(measurement, "spreading_factor")
    spare = f"{snr} - 10 + 2.5 * {factor} AS margin, {snr} + {_HEADROOM} AS headroom"
    where = _where(f"{one_device()} AND {field(measurement, 'gateways')} > 0")
    return f'SELECT {columns}, {spare} FROM "{measurement}" WHERE {where} ORDER BY time DESC LIMIT 20'


def link_over_time(measurement: str) -> str:
    """Means of `headroom` and `margin`; the mean of a sum is the sum of the means, of frames that have both."""
    snr, factor = (aggregate("mean", measurement, name) for name in ("snr_db", "spreading_factor"))
    what = f"{snr} + {_HEADROOM} AS headroom, {snr} - 10 + 2.5 * {factor} AS margin"
    return over_time(measurement, what, only=one_device())
