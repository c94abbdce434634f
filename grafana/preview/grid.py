"""Tables: all columns side by side, however narrow, and as many rows as there is room for."""

from __future__ import annotations

from typing import Final

from .answers import Cell, table
from .look import Look, colour, look, text
from .sheet import BOLD, EDGE, FAINT, INK, Box, Panel, Sheet, cut, folded, ink_on, say_empty, wide_as

_SIZES: Final = (12.0, 11.0, 10.0, 9.0, 8.5, 8.0)
_MARGIN: Final = 10.0
_BAR: Final = 60.0
_LONGEST: Final = 46
"""Letters of a cell for which a column is made wide."""


def grid(sheet: Sheet, box: Box, panel: Panel) -> None:
    """Titles, then rows; how many more there are stands below, where Grafana has a scroll bar."""
    found = table(panel.model, panel.answers)
    if not found.rows:
        say_empty(sheet, box, panel)
        return
    looks = [look(panel.model, title) for title in found.titles]
    cells = [[text(options, cell) for options, cell in zip(looks, row, strict=True)] for row in found.rows]
    columns = list(zip(*cells, strict=True))
    size, widths = _widths(looks, found.titles, columns, box.wide)
    titles = [folded(title, wide - 8, size * BOLD) for title, wide in zip(found.titles, widths, strict=True)]
    head = size * 1.3 * max(title.count("\n") + 1 for title in titles) + 6
    tall = size * 2.0
    room = max(1, int((box.tall - head) / tall))
    shown = found.rows if len(found.rows) <= room else found.rows[: room - 1]
    x = box.x
    for n, (options, title, wide) in enumerate(zip(looks, titles, widths, strict=True)):
        at = "right" if _is_number(options, [row[n] for row in found.rows]) else "left"
        sheet.write(Box(x, box.y, wide, head).inner(4, 0, 4, 0), title, size, FAINT, at, "bold")
        for number, row in enumerate(shown):
            cell = Box(x, box.y + head + number * tall, wide, tall)
            _cell(sheet, cell, options, row[n], size, at)
        x += wide
    for number in range(len(shown) + 1):
        sheet.fill(Box(box.x, box.y + head + number * tall, box.wide, 0.6), EDGE)
    if len(shown) < len(found.rows):
        rest = Box(box.x, box.y + head + len(shown) * tall, box.wide, tall)
        sheet.write(rest, f"… +{len(found.rows) - len(shown)}", size, FAINT, "center")


def _widths(
    looks: list[Look], titles: tuple[str, ...], columns: list[tuple[str, ...]], wide: float
) -> tuple[float, list[float]]:
    """The largest letters with which all columns fit side by side, and how wide each column is then."""

    def needed(size: float) -> list[float]:
        return [_needed(*one, size) for one in zip(looks, titles, columns, strict=True)]

    size = next((size for size in _SIZES if sum(needed(size)) <= wide), _SIZES[-1])
    natural = needed(size)
    return size, [wide * one / sum(natural) for one in natural]


def _needed(options: Look, title: str, column: tuple[str, ...], size: float) -> float:
    word = max((len(word) for word in title.split()), default=0) * BOLD
    letters = max(word, *(min(len(cell), _LONGEST) for cell in column))
    return letters * wide_as("x", size) + _MARGIN + (_BAR if _kind(options) == "gauge" else 0)


def _kind(options: Look) -> str:
    return str(options.get("custom.cellOptions", {}).get("type", ""))


def _is_number(options: Look, column: list[Cell]) -> bool:
    numbers = [cell for cell in column if cell is not None and not isinstance(cell, str | bool)]
    return bool(numbers) and options.get("unit") != "dateTimeAsLocal"


def _cell(sheet: Sheet, box: Box, options: Look, value: Cell, size: float, at: str) -> None:
    said, ink = text(options, value), INK
    match _kind(options):
        case "color-background":
            ground = colour(options, value)
            sheet.fill(box.inner(1, 1, 1, 0.5), ground)
            ink = ink_on(ground)
        case "color-text":
            ink = colour(options, value)
        case "gauge" if isinstance(value, int | float):
            share = (value - options["min"]) / (options["max"] - options["min"])
            track = box.inner(4, 4, 12 + wide_as("100%", size), 4)
            sheet.fill(track, EDGE)
            sheet.fill(Box(track.x, track.y, track.wide * min(max(share, 0), 1), track.tall), colour(options, value))
    inner = box.inner(4, 0, 4, 0)
    sheet.write(inner, cut(said, inner.wide + 2, size), size, ink, at)
