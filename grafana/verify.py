"""Whether a running Grafana can show what is provisioned: every panel's and every alert rule's queries, asked there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

Json = dict[str, Any]
Verdict = Literal["ok", "no data", "error"]

TAG: Final = "smartcity"
SOURCE: Final = "smartcity"
EXPRESSIONS: Final = "__expr__"
EVERYTHING: Final = ".*"
NAMELESS: Final = "database name required"
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}")


class Asked(Protocol):
    """What is asked of Grafana; `grafana.api.Grafana` has it."""

    def plugins(self) -> set[str]:
        """Identifiers of its plug-ins."""

    def boards(self, tag: str) -> list[str]:
        """Uids of dashboards with this tag."""

    def board(self, uid: str) -> Json:
        """A dashboard's JSON."""

    def alert_rules(self) -> list[Json]:
        """Provisioned rules."""

    def datasource_health(self, uid: str) -> Json:
        """Its `status` and `message`."""

    def ds_query(self, queries: Sequence[Mapping[str, Any]], from_ms: int, to_ms: int) -> dict[str, Json]:
        """Result by refId."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is asked for, Unix milliseconds."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one panel, rule, plug-in or datasource; `text` says what is wrong or how many rows there were."""

    where: str
    what: str
    verdict: Verdict
    text: str


def verify(grafana: Asked, window: Window) -> Iterator[Finding]:
    """Every finding, as it is found. What Grafana refuses as a whole is raised as `grafana.api.GrafanaError`."""
    yield _source(grafana)
    uids = sorted(grafana.boards(TAG))
    if not uids:
        yield Finding("Grafana", "boards", "error", f"no board has the tag {TAG}: mount grafana/provisioning")
    plugins = grafana.plugins()
    for uid in uids:
        yield from _board(grafana, grafana.board(uid), plugins, window)
    rules = [rule for rule in grafana.alert_rules() if str(rule.get("uid", "")).startswith(TAG)]
    if not rules:
        yield Finding("Grafana", "alert rules", "error", "none is provisioned: mount grafana/provisioning/alerting")
    for rule in rules:
        yield _rule(grafana, rule, window.to_ms)


def _source(grafana: Asked) -> Finding:
    health = grafana.datasource_health(SOURCE)
    good = health.get("status") == "OK"
    said = str(health.get("message", ""))
    check = "; check SMARTCITY_INFLUXDB_URL, _BUCKET and _READ_TOKEN of Grafana"
    mend = "" if good else _advice(said) or check
    return Finding("Grafana", f"datasource {SOURCE}", "ok" if good else "error", f"{said}{mend}")


def _board(grafana: Asked, board: Json, plugins: set[str], window: Window) -> Iterator[Finding]:
    expand = expansion(board, window)
    for panel in board.get("panels", []):
        if panel["type"] not in plugins:
            text = f"there is no plug-in {panel['type']}: Grafana is too old, or it is switched off"
            yield Finding(board["uid"], panel["title"], "error", text)
        elif panel.get("targets"):
            queries = [
                expand(target) | {"intervalMs": 60_000, "maxDataPoints": 500}
                for target in panel["targets"]
                if not target.get("hide")
            ]
            yield judged(board["uid"], panel["title"], grafana.ds_query(queries, window.from_ms, window.to_ms))


def _rule(grafana: Asked, rule: Json, to_ms: int) -> Finding:
    """Its queries in the rule's own time; the expressions on top of them are Grafana's."""
    data = [part for part in rule["data"] if part["datasourceUid"] not in (EXPRESSIONS, "-100")]
    since_ms = 1000 * max((part["relativeTimeRange"]["from"] for part in data), default=0)
    queries = [
        part["model"]
        | {
            "refId": part["refId"],
            "datasource": {"uid": part["datasourceUid"]},
            "intervalMs": 60_000,
            "maxDataPoints": 500,
        }
        for part in data
    ]
    return judged("alert rules", rule["title"], grafana.ds_query(queries, to_ms - since_ms, to_ms))


def expansion(board: Json, window: Window) -> Callable[[Any], Any]:
    """Puts the board's variables into a query: "All" where a query finds the values, else what is chosen at first."""
    values = {"__from": str(window.from_ms), "__to": str(window.to_ms)}
    for variable in board.get("templating", {}).get("list", []):
        chosen = variable.get("current", {}).get("value", "")
        values[variable["name"]] = variable.get("allValue", EVERYTHING) if variable["type"] == "query" else chosen

    def expand(node: Any) -> Any:
        match node:
            case dict():
                return {key: expand(value) for key, value in node.items()}
            case list():
                return [expand(value) for value in node]
            case str():
                return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), node)
        return node

    return expand


def judged(where: str, what: str, results: Mapping[str, Json]) -> Finding:
    """One error makes it an error; no row in any answer is no data."""
    errors = [f"{name}: {result['error']}" for name, result in results.items() if result.get("error")]
    if errors or not results:
        text = "; ".join(errors)[:500] or "Grafana gave no result"
        return Finding(where, what, "error", text + _advice(text))
    rows = sum(_rows(frame) for result in results.values() for frame in result.get("frames") or [])
    return Finding(where, what, "ok" if rows else "no data", f"{rows} rows")


def _advice(text: str) -> str:
    """A Grafana 9.4 forgets the datasource's database when it moves its secrets, at its very first start."""
    return "; restart Grafana once" if NAMELESS in text else ""


def _rows(frame: Json) -> int:
    columns = frame.get("data", {}).get("values") or []
    return len(columns[0]) if columns else 0
