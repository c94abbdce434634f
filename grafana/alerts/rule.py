"""An alert rule of Grafana: one query, its newest value for each asset or device, and when that is an alarm.

What holds in every version from 9.4 to 13, where they differ:

- A query gives one column only: of two, Grafana 9.4 makes two series with the same labels.
- No state is `KeepLast`: it came with 11 and stops an older Grafana at its start. Instead an evaluation that fails is
  `Error`, an alarm of its own (`DatasourceError`) that leaves those that stand alone for two evaluations. Assets of
  which nothing is known are `OK`, since the rule that watches the pipeline fires for all of them, once.
- Annotations keep their `$`, labels would not; the query is not interpolated either and knows no dashboard variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

SOURCE_UID: Final = "smartcity"
FOLDER: Final = "Smart City Alarme"
"""Of its own: Grafana 9.4 makes the folders of rules before those of boards, under any uid."""
_EXPRESSION: Final = {"type": "__expr__", "uid": "__expr__"}
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400}

Json = dict[str, Any]
Place = tuple[str, int]
"""Uid of a board and id of a panel on it."""
Team = Literal["bins", "green", "field", "operations"]
Severity = Literal["info", "warning", "critical"]


def seconds(duration: str) -> int:
    """`"30m"` as 1800: minutes, hours or days."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


@dataclass(frozen=True, slots=True)
class Threshold:
    """When the newest value is an alarm."""

    kind: Literal["gt", "lt", "within_range", "outside_range"]
    values: tuple[float, ...]

    def holds(self, value: float) -> bool:
        """Whether that value is an alarm; limits themselves are not."""
        low, high = self.values[0], self.values[-1]
        verdicts = {"gt": value > low, "lt": value < low, "within_range": low < value < high}
        return verdicts.get(self.kind, not low <= value <= high)


def above(value: float) -> Threshold:
    """More than this."""
    return Threshold("gt", (value,))


def below(value: float) -> Threshold:
    """Less than this."""
    return Threshold("lt", (value,))


def code(first: int, last: int) -> Threshold:
    """A state of which the codes are whole numbers, from the first to the last of them."""
    return Threshold("within_range", (first - 0.5, last + 0.5))


@dataclass(frozen=True, slots=True)
class Message:
    """What people read, German and English. `{{ $labels.asset_id }}` and the like are filled in by Grafana."""

    title: tuple[str, str]
    summary: tuple[str, str]
    to_do: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """`since`: how far back the query looks. `pending`: for how long it must hold. `shown`: where to see it.

    `silence`: what it means that there is no row at all.
    """

    uid: str
    severity: Severity
    query: str
    since: str
    fires: Threshold
    message: Message
    shown: Place
    pending: str = "0s"
    silence: Literal["OK", "Alerting"] = "OK"

    def to_json(self, team: Team) -> Json:
        """As an entry of `rules`."""
        board, panel = self.shown
        return {
            "uid": self.uid,
            "title": " · ".join(self.message.title),
            "condition": "C",
            "for": self.pending,
            "noDataState": self.silence,
            "execErrState": "Alerting" if self.silence == "Alerting" else "Error",
            "dashboardUid": board,
            "panelId": panel,
            "labels": {"team": team, "severity": self.severity},
            "annotations": self._annotations(board, panel),
            "data": [self._data("A", self._query()), self._data("B", _REDUCE), self._data("C", self._threshold())],
        }

    def _annotations(self, board: str, panel: int) -> Json:
        (summary, summary_en), (to_do, to_do_en) = self.message.summary, self.message.to_do
        return {
            "summary": summary,
            "description": to_do,
            "summary_en": summary_en,
            "description_en": to_do_en,
            "__dashboardUid__": board,
            "__panelId__": str(panel),
        }

    def _query(self) -> Json:
        source = {"type": "influxdb", "uid": SOURCE_UID}
        query = {"query": self.query, "rawQuery": True, "resultFormat": "time_series"}
        return {"datasource": source, **query, "intervalMs": 60_000, "maxDataPoints": 43_200}

    def _threshold(self) -> Json:
        evaluator = {"type": self.fires.kind, "params": list(self.fires.values)}
        return {
            "datasource": _EXPRESSION,
            "type": "threshold",
            "expression": "B",
            "conditions": [{"evaluator": evaluator}],
        }

    def _data(self, ref: str, model: Json) -> Json:
        return {
            "refId": ref,
            "datasourceUid": model["datasource"]["uid"],
            "relativeTimeRange": {"from": seconds(self.since), "to": 0},  # seconds
            "model": {"refId": ref, **model},
        }


_REDUCE: Final[Json] = {
    "datasource": _EXPRESSION,
    "type": "reduce",
    "expression": "A",
    "reducer": "last",
    "settings": {"mode": "dropNN"},
}


@dataclass(frozen=True, slots=True)
class Group:
    """Rules of one team, evaluated together every `interval`."""

    team: Team
    interval: str
    rules: tuple[Rule, ...]

    def to_json(self) -> Json:
        """As an entry of `groups`."""
        return {
            "orgId": 1,
            "name": self.team,
            "folder": FOLDER,
            "interval": self.interval,
            "rules": [rule.to_json(self.team) for rule in self.rules],
        }
