"""InfluxQL for panels: every name is looked up in the schema, every query is bound to the board's time and variables.

The text keeps Grafana's macros (`$timeFilter`, `$__interval`) and variables (`${bin:regex}`, `${__to}`).
"""

# ruff: noqa: S608  # names come from the schema, everything else from this project

from __future__ import annotations

from typing import Final

from sinks.influxdb.schema import MEASUREMENTS, TAGS

SILENT_AFTER: Final = "24h"
"""A bin that said nothing for so long before the end of the board's time counts as silent and no longer as full."""

_HEARD: Final = f"time >= ${{__to}}ms - {SILENT_AFTER}"


def field(measurement: str, name: str) -> str:
    """A field as InfluxQL writes it. Raises KeyError when the schema does not have it."""
    MEASUREMENTS[measurement][name]
    return f'"{name}"'


def tag(name: str) -> str:
    """A tag as InfluxQL writes it. Raises KeyError when the schema does not have it."""
    if name not in TAGS:
        raise KeyError(name)
    return f'"{name}"'


def _chosen() -> str:
    """The board's time and what is chosen in its variables; devices that are on no bin are left out."""
    asset, tenant = tag("asset_id"), tag("tenant")
    return f"$timeFilter AND {asset} =~ /^${{bin:regex}}$/ AND {tenant} =~ /^${{city:regex}}$/ AND {asset} != ''"


def history(measurement: str, name: str) -> str:
    """Means over time, a series for each asset; a gap is a gap."""
    return (
        f'SELECT mean({field(measurement, name)}) FROM "{measurement}" WHERE {_chosen()} '
        f"GROUP BY time($__interval), {tag('asset_id')} fill(null)"
    )


def newest(measurement: str, names: tuple[str, ...]) -> str:
    """The newest row of each asset with its true time: two selectors in one query would lose it."""
    columns = ", ".join(field(measurement, name) for name in names)
    return (
        f'SELECT {columns} FROM "{measurement}" WHERE {_chosen()} '
        f"GROUP BY {tag('tenant')}, {tag('asset_id')} ORDER BY time DESC LIMIT 1"
    )


def number_between(measurement: str, name: str, low: float, high: float | None = None) -> str:
    """How many assets that were heard stand from `low` to below `high`; no row when none was heard at all.

    Each asset heard gives a 0 and each in the range a 1, so that none in the range is 0 and not "no data".
    """
    value = f'SELECT last({field(measurement, name)}) AS v FROM "{measurement}" WHERE {_chosen()} AND {_HEARD}'
    upper = f" AND v < {high:g}" if high is not None else ""
    return (
        f"SELECT sum(n) FROM ({_each(measurement, '* 0', _HEARD)}), "
        f"(SELECT v * 0 + 1 AS n FROM ({value} GROUP BY {tag('asset_id')}) WHERE v >= {low:g}{upper})"
    )


def number_silent(measurement: str) -> str:
    """How many assets have a row, but none of late: each known is a 1, and a -1 more when it was heard."""
    return f"SELECT sum(n) FROM ({_each(measurement, '* 0 + 1')}), ({_each(measurement, '* 0 - 1', _HEARD)})"


def _each(measurement: str, sum_: str, also: str = "") -> str:
    """One number for each asset, made from a field that every row has."""
    more = f" AND {also}" if also else ""
    quality = field(measurement, "quality")
    return f'SELECT last({quality}) {sum_} AS n FROM "{measurement}" WHERE {_chosen()}{more} GROUP BY {tag("asset_id")}'


def values_of(measurement: str, name: str, within: str = "") -> str:
    """All values of a tag, for a variable. `within`: a tag that another variable of the board restricts."""
    MEASUREMENTS[measurement]
    only = f" WHERE {tag(within)} =~ /^${{city:regex}}$/" if within else ""
    return f'SHOW TAG VALUES FROM "{measurement}" WITH KEY = {tag(name)}{only}'
