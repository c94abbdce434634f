"""Tiles: the newest number of each series on the colour of its step."""

from __future__ import annotations

from .answers import Line, lines
from .look import colour, look, text
from .sheet import Box, Panel, Sheet, ink_on, say_empty, wide_as


def tiles(sheet: Sheet, box: Box, panel: Panel) -> None:
    """Side by side; a name stands there when there are several."""
    found = lines(panel.model, panel.answers)
    if not any(line.last is not None for line in found):
        grey = colour(look(panel.model, ""), None)
        sheet.fill(box, grey)
        say_empty(sheet, box, panel, ink_on(grey))
        return
    for line, place in zip(found, box.columns(len(found)), strict=True):
        _tile(sheet, place.inner(1, 0, 1, 0), panel, line, name=line.name if len(found) > 1 else "")


def _tile(sheet: Sheet, box: Box, panel: Panel, line: Line, name: str) -> None:
    options = look(panel.model, line.name)
    said, ground = text(options, line.last), colour(options, line.last)
    size = min(40.0, box.tall * 0.5, 0.85 * (box.wide - 12) / wide_as(said, 1))
    sheet.fill(box, ground)
    sheet.write(box.inner(0, 14 if name else 0, 0, 0), said, size, ink_on(ground), "center", "bold")
    if name:
        sheet.write(Box(box.x, box.y, box.wide, 22), name, 11, ink_on(ground), "center")
