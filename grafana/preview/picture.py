"""All of a board on one sheet, each panel where Grafana places it, and a label that says that it was not Grafana."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from .ask import Answered
from .grid import grid
from .look import ZONE
from .plots import places, plot, timeline
from .sheet import BOLD, CARD, EDGE, FAINT, Box, Panel, Sheet, cut, wide_as
from .tiles import tiles

LABEL: Final = "Vorschau / preview – drawn from the same queries, not by Grafana"  # noqa: RUF001 a dash between words
KINDS: Final[Mapping[str, Callable[[Sheet, Box, Panel], None]]] = {
    "stat": tiles,
    "table": grid,
    "timeseries": plot,
    "state-timeline": timeline,
    "geomap": places,
}
"""Kind of a panel to what draws it."""

_COLUMN, _ROW, _HEAD, _GAP = 62, 31, 76, 4
_COLOURS: Final = 256
_LABEL_GROUND: Final = "#fff3c4"


def picture(answered: Answered) -> Figure:
    """The board. Raises KeyError for a kind of panel that nobody draws."""
    places_of = [panel["gridPos"] for panel, _ in answered.panels]
    rows = max(place["y"] + place["h"] for place in places_of)
    sheet = Sheet.of(24 * _COLUMN + 2 * _GAP, _HEAD + rows * _ROW + 2 * _GAP)
    _head(sheet, answered)
    for (model, answers), place in zip(answered.panels, places_of, strict=True):
        left, top = place["x"] * _COLUMN + _GAP, _HEAD + place["y"] * _ROW + _GAP
        box = Box(left, top, place["w"] * _COLUMN, place["h"] * _ROW).inner(_GAP, _GAP, _GAP, _GAP)
        sheet.fill(box, CARD, EDGE)
        sheet.write(Box(box.x, box.y, box.wide, 26).inner(8, 0, 8, 0), model["title"], 12.5, weight="bold")
        panel = Panel(model, answers, answered.shown, tuple(answered.marks))
        KINDS[model["type"]](sheet, box.inner(6, 28, 6, 6), panel)
    return sheet.figure


def _head(sheet: Sheet, answered: Answered) -> None:
    """Title and label; what is chosen, from when to when, and what the marks mean."""
    line = Box(12, 8, sheet.wide - 24, 32)
    sheet.write(line, answered.board["title"], 22, weight="bold")
    label = wide_as(LABEL, 14) * BOLD
    sheet.fill(Box(sheet.wide - label - 24, 10, label + 12, 28), _LABEL_GROUND, "#E69F00")
    sheet.write(Box(sheet.wide - label - 18, 10, label, 28), LABEL, 14, at="center", weight="bold")
    chosen = [f"{name}: {'*' if value == '.*' else value}" for name, value in answered.chosen.items()]
    since, until = (f"{_moment(ms):%Y-%m-%d %H:%M}" for ms in (answered.shown.from_ms, answered.shown.to_ms))
    marks = [f"┆ {annotation['name']}" for annotation in answered.board["annotations"]["list"]]
    said = "   ·   ".join([*chosen, f"{since} → {until}", *marks])
    sheet.write(Box(12, 44, sheet.wide - 24, 24), cut(said, sheet.wide - 24, 12.5), 12.5, FAINT)


def _moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, ZONE)


def save(figure: Figure, file: Path) -> None:
    """As a PNG with few colours, which makes it small. Raises OSError."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = bytes(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.frombytes("RGBA", canvas.get_width_height(), pixels).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
