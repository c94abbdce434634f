"""`python -m grafana`: writes boards and alert files into the folders from where Grafana takes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from . import bin as one_bin
from . import bins, device, fleet, pipeline, trees
from .alerts.files import texts
from .dashboard import Dashboard
from .technical import LANGUAGES, Language

FOLDER: Final = Path(__file__).parent / "dashboards"
ALERTING: Final = Path(__file__).parent / "provisioning" / "alerting"
BOARDS: Final[dict[str, Callable[[Language], Dashboard]]] = {
    "bins": bins.board,
    "bin": one_bin.board,
    "trees": trees.board,
    "device": device.board,
    "fleet": fleet.board,
    "pipeline": pipeline.board,
}
"""Name of its file, in the folder of each language, to what makes it."""


def main() -> None:
    """Write them all."""
    for language in LANGUAGES:
        for name, board in BOARDS.items():
            (FOLDER / language / f"{name}.json").write_text(board(language).text(), encoding="utf-8")
    for name, text in texts().items():
        (ALERTING / f"{name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
