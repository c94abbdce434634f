"""What Grafana makes of a query before InfluxDB sees it: macros and variables, as its InfluxDB plug-in writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ESCAPED = re.compile(r"[\\^$*+?.()|\[\]{}/]")
_UNITS = {"h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True)
class View:
    """What somebody has chosen on the board. `chosen`: variable to values; the others stand on "All".

    `relative`: the browser sends "the last days" as such, the server always as two moments.
    """

    to_ms: int
    since: str = "now-7d"
    relative: bool = False
    interval: str = "30m"
    chosen: Mapping[str, Sequence[str]] | None = None

    @property
    def from_ms(self) -> int:
        number, unit = int(self.since[4:-1]), self.since[-1]
        return self.to_ms - number * _UNITS[unit]

    def expand(self, text: str, variables: Sequence[Mapping[str, Any]]) -> str:
        """The text that InfluxDB gets."""
        for variable in variables:
            values = (self.chosen or {}).get(variable["name"])
            wanted = variable.get("allValue", "") if values is None else as_regex(values)
            text = text.replace(f"${{{variable['name']}:regex}}", wanted)
        text = text.replace("${__to}", str(self.to_ms)).replace("${__from}", str(self.from_ms))
        text = text.replace("$timeFilter", self._time_filter()).replace("$__interval", self.interval)
        assert not re.search(r"\$[\w{]", text), f"Grafana would leave something unexpanded: {text}"
        return text

    def _time_filter(self) -> str:
        if self.relative:
            return f"time >= now() - {self.since[4:]} and time <= now()"
        return f"time >= {self.from_ms}ms and time <= {self.to_ms}ms"


def as_regex(values: Sequence[str]) -> str:
    """`${name:regex}`: special characters escaped, several values as alternatives."""
    escaped = [_ESCAPED.sub(lambda found: f"\\{found[0]}", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
