"""`python -m grafana`: writes boards and alert files into the folders from where Grafana takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from . import bin as one_bin
from . import bins, device, fleet, pipeline, trees
from .alerts.files import texts
from .dashboard import Dashboard
from .technical import LANGUAGES, Language
from .wall import API, led_to

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


def write_boards(folder: Path, api: str) -> Iterator[Path]:
    """Each board in each language, as it is written. `api`: where a browser reaches the open data. Raises `OSError`."""
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True, exist_ok=True)
        for name, board in BOARDS.items():
            file = folder / language / f"{name}.json"
            file.write_text(led_to(board(language), api).text(), encoding="utf-8")
            yield file


def main() -> None:
    """Write them all."""
    deque(write_boards(FOLDER, API.value), maxlen=0)
    for name, text in texts().items():
        (ALERTING / f"{name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
