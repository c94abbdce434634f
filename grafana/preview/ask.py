"""A board with the answers to its queries: all that its picture is drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from grafana.verify import Window
from sinks.influxdb.connection import Connection
from sinks.influxdb.session import Session

from .answers import Answers
from .expand import Ask, Json, choose, expanded, step, window

POINTS_OF_A_COLUMN: Final = 60
"""How many points of time a panel has room for, for each of the board's 24 columns that it is wide."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, on the time axis of every panel."""

    time_ms: int
    colour: str


@dataclass(frozen=True, slots=True)
class Answered:
    """`chosen`: label of each variable that can be seen to its value. `panels`: each with its answers."""

    board: Json
    shown: Window
    chosen: Mapping[str, str]
    panels: Sequence[tuple[Json, Answers]]
    marks: Sequence[Mark]


def answered(board: Json, to_ms: int, wanted: Mapping[str, Sequence[str]], ask: Ask) -> Answered:
    """Everything that the board asks at this moment. Raises ValueError as `choose` does, and what `ask` raises."""
    shown = window(board, to_ms)
    values = choose(board, wanted, shown, ask)

    def answers(panel: Json) -> Answers:
        interval = step(shown, panel.get("interval", ""), panel["gridPos"]["w"] * POINTS_OF_A_COLUMN)
        return [ask(expanded(target["query"], values, shown, interval)) for target in panel["targets"]]

    variables = [one for one in board["templating"]["list"] if one["type"] in ("query", "custom")]
    return Answered(
        board,
        shown,
        {one["label"]: values[one["name"]].replace("\\", "") for one in variables},
        [(panel, answers(panel)) for panel in board["panels"]],
        list(_marks(board["annotations"]["list"], values, shown, ask)),
    )


def _marks(annotations: Sequence[Json], values: Mapping[str, str], shown: Window, ask: Ask) -> Iterator[Mark]:
    for annotation in annotations:
        for series in ask(expanded(annotation["target"]["query"], values, shown)):
            for time_ms, *_ in series["values"]:
                yield Mark(time_ms, annotation["iconColor"])


@contextmanager
def asking(connection: Connection) -> Iterator[Ask]:
    """One InfluxDB, asked with the token of this connection. Raises `SinkError` for what it cannot answer."""
    with closing(Session(connection)) as session:

        def ask(text: str) -> list[Json]:
            with session.errors():
                return session.ask(text, {})

        yield ask
