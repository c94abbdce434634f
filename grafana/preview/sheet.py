"""The paper: boxes in pixels from its upper left corner, and what every kind of panel writes and fills in them."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from grafana.verify import Window

from .answers import Answers
from .ask import Mark
from .expand import Json

INK, FAINT, PAPER, CARD = "#24292e", "#6b7280", "#f4f5f5", "#ffffff"
EDGE: Final = "#d8dbe0"
_A_LETTER: Final = 0.58
"""Width of a letter of the mean text, as a share of its size."""
BOLD: Final = 1.15
"""How much wider bold letters are."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the paper; `y` grows downwards."""

    x: float
    y: float
    wide: float
    tall: float

    def inner(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Without these margins."""
        return Box(self.x + left, self.y + top, self.wide - left - right, self.tall - top - bottom)

    def columns(self, number: int) -> list[Box]:
        """Side by side, all as wide."""
        wide = self.wide / number
        return [Box(self.x + n * wide, self.y, wide, self.tall) for n in range(number)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`page`: axes over all of the figure whose units are pixels: a point of text is one, too."""

    figure: Figure
    page: Axes
    wide: float
    tall: float

    @classmethod
    def of(cls, wide: float, tall: float) -> Sheet:
        """An empty one."""
        figure = Figure(figsize=(wide / 72, tall / 72), dpi=72, facecolor=PAPER)
        page = figure.add_axes((0, 0, 1, 1), xlim=(0, wide), ylim=(tall, 0))
        page.set_axis_off()
        return cls(figure, page, wide, tall)

    def fill(self, box: Box, colour: str, edge: str = "none") -> None:
        """A rectangle."""
        self.page.add_patch(Rectangle((box.x, box.y), box.wide, box.tall, facecolor=colour, edgecolor=edge))

    def write(
        self, box: Box, text: str, size: float, colour: str = INK, at: str = "left", weight: str = "normal"
    ) -> None:
        """In the middle of the box's height, on one base whatever its letters; `at`: left, center or right."""
        x = {"left": box.x, "center": box.x + box.wide / 2, "right": box.x + box.wide}[at]
        lines = text.split("\n")
        for n, line in enumerate(lines):
            y = box.y + box.tall / 2 + size * (0.36 + 1.25 * (n - (len(lines) - 1) / 2))
            self.page.text(x, y, line, size=size, color=colour, ha=at, va="baseline", weight=weight, parse_math=False)

    def axes(self, box: Box) -> Axes:
        """To plot in."""
        rectangle = (
            box.x / self.wide,
            1 - (box.y + box.tall) / self.tall,
            box.wide / self.wide,
            box.tall / self.tall,
        )
        axes = self.figure.add_axes(rectangle, facecolor=CARD)
        axes.tick_params(labelsize=10, colors=FAINT, length=0)
        axes.spines[:].set_color(EDGE)
        return axes


@dataclass(frozen=True, slots=True)
class Panel:
    """What one panel is drawn from."""

    model: Json
    answers: Answers
    shown: Window
    marks: tuple[Mark, ...]

    @property
    def empty(self) -> str:
        """What stands there when there is nothing."""
        return str(self.model["fieldConfig"]["defaults"]["noValue"])


def say_empty(sheet: Sheet, box: Box, panel: Panel, colour: str = FAINT) -> None:
    """Nothing is told in words."""
    sheet.write(box, folded(panel.empty, box.wide - 12, 11), 11, colour, "center")


def wide_as(text: str, size: float) -> float:
    """About how many pixels a text takes."""
    return len(text) * size * _A_LETTER


def cut(text: str, wide: float, size: float) -> str:
    """What there is room for."""
    letters = max(1, int(wide / (size * _A_LETTER)))
    return text if len(text) <= letters else text[: letters - 1] + "…"


def folded(text: str, wide: float, size: float) -> str:
    """In lines that there is room for."""
    return "\n".join(wrap(text, max(6, int(wide / (size * _A_LETTER))), break_on_hyphens=False))


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read there."""
    red, green, blue = to_rgb(colour)
    return CARD if 0.299 * red + 0.587 * green + 0.114 * blue < 0.6 else INK
