"""`python -m grafana`: writes every board into `grafana/dashboards`, from where Grafana takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from . import bins

FOLDER: Final = Path(__file__).parent / "dashboards"
BOARDS: Final = {"bins": bins.board}
"""Name of its file to what makes it."""


def main() -> None:
    """Write them all."""
    for name, board in BOARDS.items():
        (FOLDER / f"{name}.json").write_text(board().text(), encoding="utf-8")


if __name__ == "__main__":
    main()
