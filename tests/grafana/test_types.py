"""Every board held against the types that Grafana itself publishes, by their compiler."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from grafana.__main__ import BOARDS
from grafana.technical import LANGUAGES
from tests.servers import grafana_types

pytestmark = pytest.mark.server("grafana_types")


def complaints(folder: Path, boards: dict[str, Any]) -> list[str]:
    shutil.copy(grafana_types.LOCKED / "wire.ts", folder)
    typed = (f"const {name}: Board = {json.dumps(board, indent=1)};" for name, board in boards.items())
    source = folder / "boards.ts"
    source.write_text("\n".join(['import type { Board } from "./wire";', *typed]))
    return grafana_types.complaints(source)


def test_every_board_is_what_grafana_says_that_a_board_is(tmp_path: Path) -> None:
    boards = {f"{name}_{language}": BOARDS[name](language).to_json() for name in BOARDS for language in LANGUAGES}
    assert complaints(tmp_path, boards) == []


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), "graphTooltipp", 1),
        ((), "refresh", 5),
        (("panels", 0, "gridPos"), "w", "24"),
        (("panels", 0, "options"), "colorMode", "backgroud"),
        (("panels", 0, "fieldConfig", "defaults"), "unitt", "none"),
        (("panels", 4, "options", "layers", 0), "locaton", {}),
        (("panels", 6, "fieldConfig", "defaults", "custom"), "drawStyle", "lines"),
        (("templating", "list", 1), "type", "queri"),
        (("links", 0), "type", "lnk"),
    ],
)
def test_a_slip_of_the_pen_is_found(tmp_path: Path, place: tuple[Any, ...], key: str, value: Any) -> None:
    board = BOARDS["bins"]("de").to_json()
    wrong: Any = board
    for step in place:
        wrong = wrong[step]
    wrong[key] = value
    assert complaints(tmp_path, {"board": board})
