"""InfluxQL for panels: every name is looked up in the schema, every query is bound to the board's time and variables.

The text keeps Grafana's macros (`$timeFilter`, `$__interval`) and variables (`${bin:regex}`, `${__to}`).
"""

# ruff: noqa: S608  # names come from the schema, everything else from this project

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sinks.influxdb.schema import MEASUREMENTS, TAGS

PRESENT: Final = "time >= ${__to}ms - 2h"
"""States stand at the beginning of their hour: one older than this is no longer what is, and is not shown as such."""
SILENT_AFTER_S: Final = 86_400
_TIME_ZONE: Final = "Europe/Berlin"


def field(measurement: str, name: str) -> str:
    """A field as InfluxQL writes it. Raises KeyError when the schema does not have it."""
    MEASUREMENTS[measurement][name]
    return f'"{name}"'


def tag(name: str) -> str:
    """A tag as InfluxQL writes it. Raises KeyError when the schema does not have it."""
    if name not in TAGS:
        raise KeyError(name)
    return f'"{name}"'


@dataclass(frozen=True, slots=True)
class Rows:
    """A query whose answer is a table. `names`: its columns behind the time, in their order, without its groups.

    No cell of it may be empty: the server side of Grafana 9.4 leaves a row out for an empty number and fails for an
    empty text. What may be unknown is therefore asked for on its own.
    """

    text: str
    names: tuple[str, ...]


_LOWEST: Final = "-9007199254740991"
"""Below everything that is measured or counted; InfluxQL reads no exponent."""
_KNOWN: Final[dict[type, str]] = {
    float: f"{{0}} > {_LOWEST}",
    int: f"{{0}} > {_LOWEST}",
    str: "{0} != ''",
    bool: "({0} = true OR {0} = false)",
}
"""InfluxQL has no IS NOT NULL."""


def known(measurement: str, name: str) -> str:
    """A condition that a field has a value."""
    return _KNOWN[MEASUREMENTS[measurement][name]].format(field(measurement, name))


def newest_of_each(
    measurement: str, names: tuple[Sequence[str], Sequence[str]], by: Sequence[str], bounds: tuple[str, str]
) -> tuple[Rows, ...]:
    """The newest row of each group, of one point in time: what was known before that and is not now is not shown.

    `names`: fields that every row has, and fields that may be unknown, each of which becomes a query of its own.
    `bounds`: the condition, and its part that bounds the time: without one, an outer SELECT walks all of the store.
    """
    always, perhaps = names
    return tuple(_newest_of_each(measurement, always, perhaps, by, bounds))


def _newest_of_each(
    measurement: str, always: Sequence[str], perhaps: Sequence[str], by: Sequence[str], bounds: tuple[str, str]
) -> Iterator[Rows]:
    where, since = bounds
    groups = ", ".join(tag(name) for name in by)
    first, *others = always

    def newest(more: Sequence[str]) -> str:
        columns = "".join(f", {field(measurement, name)}" for name in more)
        key = field(measurement, first)
        return f'SELECT last({key}) AS {key}{columns} FROM "{measurement}" WHERE {where} GROUP BY {groups}'

    yield Rows(newest(others), (first, *others))
    for name in perhaps:
        both = f"{field(measurement, first)}, {field(measurement, name)}"
        condition = f"{known(measurement, name)} AND {since}"
        yield Rows(f"SELECT {both} FROM ({newest([name])}) WHERE {condition} GROUP BY {groups}", (first, name))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The board's time and what is chosen in its variables. `asset`: the variable of bins or of trees."""

    asset: str

    def where(self, *more: str) -> str:
        """A condition; devices that are on no asset are left out."""
        asset, tenant = tag("asset_id"), tag("tenant")
        bound = f"{asset} =~ /^${{{self.asset}:regex}}$/ AND {tenant} =~ /^${{city:regex}}$/ AND {asset} != ''"
        return " AND ".join(("$timeFilter", bound, *more))

    def over_time(self, measurement: str, what: str, by: tuple[str, ...] = (), *more: str) -> str:
        """`what`: aggregates over each point of time, a series for each of `by`; a gap is a gap."""
        MEASUREMENTS[measurement]
        groups = "".join(f", {tag(name)}" for name in by)
        where = self.where(*more)
        return f'SELECT {what} FROM "{measurement}" WHERE {where} GROUP BY time($__interval){groups} fill(null)'

    def present(self, measurement: str, always: Sequence[str], perhaps: Sequence[str]) -> tuple[Rows, ...]:
        """The present state of each asset: fields that every state has, and fields that may be unknown."""
        bounds = (self.where(PRESENT), PRESENT)
        return newest_of_each(measurement, (always, perhaps), ("asset_id", "tenant"), bounds)

    def number(self, measurement: str, name: str, condition: str) -> str:
        """How many assets are so at present; no row when nothing is known of any.

        `condition`: of the value `v`. Each asset gives a 0, and a 1 more when it is so: none is 0 and not "no data".
        An outer SELECT without its own bound in time walks all of the store: 60 ms instead of 5 for a year of 40 bins.
        """
        each = self._newest(measurement, "state_code")
        so = self._newest(measurement, name)
        return (
            f"SELECT sum(n) FROM (SELECT v * 0 AS n FROM ({each}) WHERE {PRESENT}), "
            f"(SELECT v * 0 + 1 AS n FROM ({so}) WHERE {condition} AND {PRESENT}) WHERE {PRESENT}"
        )

    def _newest(self, measurement: str, name: str) -> str:
        value = f'SELECT last({field(measurement, name)}) AS v FROM "{measurement}"'
        return f"{value} WHERE {self.where(PRESENT)} GROUP BY {tag('asset_id')}"

    def marks(self, code: str) -> Rows:
        """One kind of event on the time axis, told by its asset and tagged with its city."""
        columns = f'{field("asset_event", "before")}, {tag("asset_id")} AS "text", {tag("tenant")} AS "tags"'
        text = f'SELECT {columns} FROM "asset_event" WHERE {self.where(is_code(code))}'
        return Rows(text, ("before", "text", "tags"))

    def event_rows(self, *codes: str) -> Rows:
        """The newest hundred events of a kind that has all of these."""
        names = ("code", "before", "after", "uncertainty_s")
        columns = ", ".join((tag("asset_id"), *(field("asset_event", name) for name in names)))
        which = " OR ".join(is_code(code) for code in codes)
        text = f'SELECT {columns} FROM "asset_event" WHERE {self.where(f"({which})")} ORDER BY time DESC LIMIT 100'
        return Rows(text, ("asset_id", *names))

    def events_a_day(self, code: str) -> str:
        """How many in each day of the city's clock; a day without is a true 0."""
        counted = f'SELECT count({field("asset_event", "after")}) FROM "asset_event"'
        return f"{counted} WHERE {self.where(is_code(code))} GROUP BY time(1d) tz('{_TIME_ZONE}')"

    def mean_before(self, code: str) -> str:
        """The mean of what was there when it happened."""
        return f'SELECT mean({field("asset_event", "before")}) FROM "asset_event" WHERE {self.where(is_code(code))}'


def is_code(code: str) -> str:
    """A condition on the kind of an event."""
    return f"{field('asset_event', 'code')} = '{code}'"


def aggregate(function: str, measurement: str, name: str, alias: str = "") -> str:
    """`function` of a field."""
    return f"{function}({field(measurement, name)})" + (f' AS "{alias}"' if alias else "")


def values_of(measurement: str, name: str, within: str = "") -> str:
    """All values of a tag, for a variable. `within`: a tag that another variable of the board restricts."""
    MEASUREMENTS[measurement]
    only = f" WHERE {tag(within)} =~ /^${{city:regex}}$/" if within else ""
    return f'SHOW TAG VALUES FROM "{measurement}" WITH KEY = {tag(name)}{only}'
