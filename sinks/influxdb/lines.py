"""Points as line protocol: what goes over the wire to InfluxDB.

    <measurement>,<tag>=<value>,... <field>=<value>,... <Unix ms>

Tags and measurement are escaped once per series and kept. A string can hold everything that `sinks.guard` admits.
Source: InfluxDB 2 documentation, "Line protocol".
"""

from __future__ import annotations

from functools import lru_cache

from sinks.influxdb.schema import MEASUREMENTS, TAGS
from sinks.model import Field, Point, Series

_IN_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_IN_STRING = str.maketrans({'"': r"\"", "\\": r"\\"})
_TAGS = tuple(sorted(TAGS))  # the server wants them sorted, and is faster then


@lru_cache(maxsize=65_536)
def prefix(series: Series) -> str:
    """Measurement and tags, escaped, with the space behind them; empty tags are left out."""
    tags = ((name, getattr(series, name)) for name in _TAGS)
    return series.measurement + "".join(f",{name}={value.translate(_IN_TAG)}" for name, value in tags if value) + " "


def line(point: Point) -> bytes:
    """One admitted point (see `sinks.guard.admit`) as UTF-8, without line end."""
    types = MEASUREMENTS[point.series.measurement]
    fields = ",".join([f"{name}={_value(value, types[name])}" for name, value in point.fields.items()])
    return f"{prefix(point.series)}{fields} {point.time_ms}".encode()


def _value(value: Field, expected: type[Field]) -> str:
    if expected is float:
        return repr(float(value))
    if expected is int:
        return f"{value:d}i"
    if expected is bool:
        return "true" if value else "false"
    return f'"{str(value).translate(_IN_STRING)}"'
