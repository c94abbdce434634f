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


@lru_cache(maxsize=200_000)  # more than a city has devices; what others send must not fill the memory
def prefix(series: Series) -> str:
    """Measurement and tags, escaped, with the space behind them; empty tags are left out."""
    tags = ((name, getattr(series, name)) for name in _TAGS)
    return series.measurement + "".join(f",{name}={value.translate(_IN_TAG)}" for name, value in tags if value) + " "


def line(point: Point) -> bytes:
    """One admitted point (see `sinks.guard.admit`) as UTF-8, without line end."""
    values = list(point.fields.values())
    template, texts, flags = _template(point.series.measurement, tuple(point.fields), tuple(map(type, values)))
    for at in texts:
        text = str(values[at])
        if '"' in text or "\\" in text:
            values[at] = text.translate(_IN_STRING)
    for at in flags:
        values[at] = "true" if values[at] else "false"
    return f"{prefix(point.series)}{template % tuple(values)} {point.time_ms}".encode()


@lru_cache(maxsize=1024)
def _template(
    measurement: str, names: tuple[str, ...], given: tuple[type[Field], ...]
) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """The fields of a row with these names and types of values, to be filled by `%`; where texts and flags stand."""
    known = MEASUREMENTS[measurement]
    items = [f"{name}={_form(known[name], kind)}" for name, kind in zip(names, given, strict=True)]
    places = {kind: tuple(at for at, name in enumerate(names) if known[name] is kind) for kind in (str, bool)}
    return ",".join(items), places[str], places[bool]


def _form(expected: type[Field], given: type[Field]) -> str:
    if expected is float:
        return "%r" if given is float else "%d.0"
    return {int: "%di", bool: "%s", str: '"%s"'}[expected]
