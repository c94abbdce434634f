"""`python -m grafana`: writes boards and alert files into the folders from where Grafana takes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from . import bins, device, fleet, pipeline
from .alerts.files import texts
from .dashboard import Dashboard

FOLDER: Final = Path(__file__).parent / "dashboards"
ALERTING: Final = Path(__file__).parent / "provisioning" / "alerting"
BOARDS: Final[dict[str, Callable[[], Dashboard]]] = {
    "bins": bins.board,
    "device": device.board,
    "device-en": partial(device.board, "en"),
    "fleet": fleet.board,
    "fleet-en": partial(fleet.board, "en"),
    "pipeline": pipeline.board,
    "pipeline-en": partial(pipeline.board, "en"),
}
"""Name of its file to what makes it."""


def main() -> None:
    """Write them all."""
    for name, board in BOARDS.items():
        (FOLDER / f"{name}.json").write_text(board().text(), encoding="utf-8")
    for name, text in texts().items():
        (ALERTING / f"{name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
