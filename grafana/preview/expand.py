"""What Grafana makes of a query before InfluxDB sees it: time, what is chosen in variables, step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from grafana.verify import EVERYTHING, Window

Json = dict[str, Any]
Ask = Callable[[str], list[Json]]
"""InfluxQL to its series, as `/query` gives them: `name`, `tags`, `columns`, `values`; times in milliseconds."""

MINUTE_MS: Final = 60_000
_UNIT_MS: Final = {"m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": 1440 * MINUTE_MS}
_STEPS: Final = ("1m", "2m", "5m", "10m", "15m", "20m", "30m", "1h", "2h", "3h", "6h", "12h", "1d")
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}")
_SPECIAL: Final = re.compile(r"[\\^$*+?.()|\[\]{}/]")


def span_ms(text: str) -> int:
    """A length of time as Grafana writes it, "30m", "6h", "7d", in milliseconds."""
    return int(text[:-1]) * _UNIT_MS[text[-1]]


def window(board: Json, to_ms: int) -> Window:
    """The time that the board shows at first, up to this moment."""
    return Window(to_ms - span_ms(board["time"]["from"].removeprefix("now-")), to_ms)


def step(shown: Window, shortest: str, points: int) -> str:
    """`$__interval`: the time of one point, so that a panel has room for so many; `shortest` is the panel's own."""
    least_ms = max((shown.to_ms - shown.from_ms) / points, span_ms(shortest or _STEPS[0]))
    return next((one for one in _STEPS if span_ms(one) >= least_ms), _STEPS[-1])


def expanded(text: str, values: Mapping[str, str], shown: Window, interval: str = "1m") -> str:
    """The text that InfluxDB gets. `values`: as `choose` gives them. Raises KeyError for an unknown variable."""
    known = {"__from": str(shown.from_ms), "__to": str(shown.to_ms), **values}
    filled = _VARIABLE.sub(lambda found: known[found[1]], text)
    bounds = f"time >= {shown.from_ms}ms and time <= {shown.to_ms}ms"
    return filled.replace("$timeFilter", bounds).replace("$__interval", interval)


def choose(board: Json, wanted: Mapping[str, Sequence[str]], shown: Window, ask: Ask) -> dict[str, str]:
    """A value for each variable, as `${name:regex}` writes it; those not wanted stand as they do at first.

    Raises ValueError for a wanted variable that the board does not have.
    """
    variables = [one for one in board["templating"]["list"] if one["type"] != "datasource"]
    unknown = set(wanted) - {one["name"] for one in variables}
    if unknown:
        names = ", ".join(one["name"] for one in variables if one["type"] != "constant") or "none"
        raise ValueError(f"this board has no variable {', '.join(sorted(unknown))}; it has {names}")
    values: dict[str, str] = {}
    for one in variables:
        values[one["name"]] = (
            as_regex(wanted[one["name"]]) if one["name"] in wanted else _first(one, values, shown, ask)
        )
    return values


def _first(variable: Json, values: Mapping[str, str], shown: Window, ask: Ask) -> str:
    if variable["type"] != "query":
        return str(variable["current"]["value"])
    if variable["includeAll"]:
        return str(variable.get("allValue", EVERYTHING))
    series = ask(expanded(variable["query"], values, shown))
    return as_regex(sorted((str(row[-1]) for one in series for row in one["values"]), key=str.casefold)[:1])


def as_regex(values: Sequence[str]) -> str:
    """Special characters escaped, several values as alternatives; nothing chosen is an empty text."""
    escaped = [_SPECIAL.sub(lambda found: f"\\{found[0]}", value) for value in values]
    return f"({'|'.join(escaped)})" if len(escaped) > 1 else "".join(escaped)
