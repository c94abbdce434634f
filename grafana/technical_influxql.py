"""InfluxQL of the boards of device, fleet and pipeline."""

# ruff: noqa: S608  # names come from the schema, everything else from this project

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sinks.influxdb.schema import MEASUREMENTS

from .influxql import Rows, field, known, newest_of_each, tag

OF_LATE: Final = "time >= ${__to}ms - 3h"
"""States stand at the beginning of their hour; what is older belongs to a device that is no longer in the registry."""


NEWEST: Final = 20
"""Frames of a device that its board shows."""


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


def newest_number(measurement: str, name: str, by: Sequence[str] = (), only: str = "") -> str:
    """The last value of a field, of each group."""
    return f'SELECT last({field(measurement, name)}) FROM "{measurement}" WHERE {_where(only)}{_group(by)}'


def newest(
    measurement: str, names: tuple[Sequence[str], Sequence[str]], by: Sequence[str], only: str
) -> tuple[Rows, ...]:
    """The newest row of each group of late. `names`: fields that every row has, and fields that may be unknown."""
    return newest_of_each(measurement, names, by, (_where(f"{only} AND {OF_LATE}"), OF_LATE))


def newest_rows(measurement: str, names: Sequence[str], by: Sequence[str], only: str = "", number: int = 1) -> Rows:
    """The newest rows of each group, as they stand, of fields that every row has."""
    columns = ", ".join(field(measurement, name) for name in names)
    text = f'SELECT {columns} FROM "{measurement}" WHERE {_where(only)}{_group(by)} ORDER BY time DESC LIMIT {number}'
    return Rows(text, tuple(names))


def over_time(measurement: str, what: str, by: Sequence[str] = (), only: str = "") -> str:
    """`what`: an aggregate over each point of time; a gap is a gap."""
    MEASUREMENTS[measurement]
    groups = "".join(f", {tag(name)}" for name in by)
    return f'SELECT {what} FROM "{measurement}" WHERE {_where(only)} GROUP BY time($__interval){groups} fill(null)'


def aggregate(function: str, measurement: str, name: str) -> str:
    """`function` of a field, behind a space its argument: "percentile 10"."""
    called, _, argument = function.partition(" ")
    return f"{called}({field(measurement, name)}{f', {argument}' if argument else ''})"


def devices_in(state: int) -> str:
    """How many devices are in that state now; 0 is said when there are others, nothing when there is none at all."""
    newest = f"SELECT last({field('device_health', 'state_code')})"
    among = f'FROM "device_health" WHERE {_where(f"{city()} AND {OF_LATE}")} GROUP BY {tag("device_id")}'
    counted = f"SELECT v * 0 + 1 AS n FROM ({newest} AS v {among}) WHERE v = {state} AND {OF_LATE}"
    return f"SELECT sum(n) FROM ({newest} * 0 AS n {among}), ({counted}) WHERE {OF_LATE}"


def devices_over_time(state: int) -> str:
    """How many devices were in that state; states stand at the beginning of their hour. None is no row."""
    where = _where(f'{city()} AND "state_code" = {state}')
    each_hour = f'SELECT count({field("device_health", "state_code")}) AS n FROM "device_health" WHERE {where}'
    counted = f"{each_hour} GROUP BY time(1h) fill(none)"
    return f"SELECT max(n) FROM ({counted}) WHERE $timeFilter GROUP BY time($__interval) fill(null)"


def open_by_model(reason: str) -> Rows:
    """Open dead letters whose reason begins so, by model of the device."""
    begins = f"{tag('name')} =~ /^{reason}/"
    of_each = f'SELECT last({field("dead_letters", "open")}) AS n FROM "dead_letters" WHERE {_where(begins)}'
    of_each += _group(("name", "model"))
    return Rows(f"SELECT sum(n) AS n FROM ({of_each}) WHERE $timeFilter GROUP BY {tag('model')}", ("n",))


_HEADROOM: Final = "20"
"""dB of the floor of SF12 below zero; that of each spreading factor is 10 - 2.5 SF, at 125 kHz."""
_SPARE: Final = ('"snr_db" - 10 + 2.5 * "spreading_factor" AS "margin"', f'"snr_db" + {_HEADROOM} AS "headroom"')


def uplinks(measurement: str) -> Iterator[Rows]:
    """The newest frames of the chosen device, with what its radio had to spare; a row for each reception.

    A frame may have no counter, port or remark, and no SNR where it is not LoRa.
    """
    received = f"{one_device()} AND {field(measurement, 'gateways')} > 0"

    def of(names: Sequence[str], computed: Sequence[str] = (), only: str = "") -> Rows:
        columns = ", ".join((*(field(measurement, name) for name in names), *computed))
        where = _where(f"{received} AND {only}" if only else received)
        text = f'SELECT {columns} FROM "{measurement}" WHERE {where} ORDER BY time DESC LIMIT {NEWEST}'
        return Rows(text, (*names, *(one.split('"')[-2] for one in computed)))

    yield of(("quality", "gateways"))
    for name in ("f_cnt", "f_port", "rssi_dbm", "gateway", "quality_codes"):
        yield of((name,), only=known(measurement, name))
    lora = f"{known(measurement, 'snr_db')} AND {known(measurement, 'spreading_factor')}"
    yield of(("snr_db", "spreading_factor"), _SPARE, lora)


def link_over_time(measurement: str) -> str:
    """Means of `headroom` and `margin`; the mean of a sum is the sum of the means, of frames that have both."""
    snr, factor = (aggregate("mean", measurement, name) for name in ("snr_db", "spreading_factor"))
    what = f"{snr} + {_HEADROOM} AS headroom, {snr} - 10 + 2.5 * {factor} AS margin"
    return over_time(measurement, what, only=one_device())
