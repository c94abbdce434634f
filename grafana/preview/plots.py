"""What is drawn on axes: lines and bars over time, states over time, assets where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import cos, nan, radians
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .answers import Line, lines, table
from .look import ZONE, Look, colour, look, measured, text
from .sheet import EDGE, FAINT, INK, Box, Panel, Sheet, ink_on, say_empty, wide_as

_DAY_MS: Final = 86_400_000
_LOWEST: Final = -1e8
"""Steps below it only tell no number from any, see `technical.known`."""
_PALETTE: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#7A5195", "#8C564B", "#4D4D4D")
_SPARSE: Final = 60
"""Of fewer points each is shown."""
_KEY: Final = 36.0
"""Around an entry of a legend: its line and the space to the next."""
_GROUND: Final = "#e9eef2"


def plot(sheet: Sheet, box: Box, panel: Panel) -> None:
    """Lines or bars with their thresholds and marks; a legend with the newest values below."""
    found = lines(panel.model, panel.answers)
    if not any(line.last is not None for line in found):
        say_empty(sheet, box, panel)
        return
    drawn = [(line, look(panel.model, line.name), _colour(panel, line, n)) for n, line in enumerate(found)]
    right = [one for one in drawn if one[1].get("custom.axisPlacement") == "right"]
    axes = sheet.axes(box.inner(56, 8, 60 if right else 34, 48))
    _over_time(axes, panel)
    axes.grid(axis="y", color=EDGE, linewidth=0.6)
    _series(axes, [one for one in drawn if one not in right])
    _thresholds(axes, panel)
    for mark in panel.marks:
        axes.axvline(_day(mark.time_ms), color=mark.colour, linewidth=0.8, linestyle=(0, (3, 3)), alpha=0.5, zorder=1)
    if right:
        twin = axes.twinx()
        twin.tick_params(labelsize=10, colors=FAINT, length=0)
        twin.spines[:].set_color(EDGE)
        _series(twin, right)
    _legend(sheet, Box(box.x + 56, box.y + box.tall - 22, box.wide - 68, 18), drawn)


def _over_time(axes: Axes, panel: Panel) -> None:
    shown = panel.shown
    axes.set_xlim(_day(shown.from_ms), _day(shown.to_ms))
    axes.xaxis.set_major_locator(AutoDateLocator(tz=ZONE, maxticks=9))  # type: ignore[no-untyped-call]
    form = "%d.%m." if shown.to_ms - shown.from_ms > 3 * _DAY_MS else "%d.%m. %H:%M"
    axes.xaxis.set_major_formatter(DateFormatter(form, tz=ZONE))  # type: ignore[no-untyped-call]


def _series(axes: Axes, drawn: Sequence[tuple[Line, Look, str]]) -> None:
    options = drawn[0][1]
    if options.get("custom.drawStyle") == "bars":
        _bars(axes, drawn)
    else:
        for line, own, ink in drawn:
            _line(axes, line, own, ink)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=options.get("decimals") == 0))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, options)))
    axes.margins(y=0.08)
    axes.set_ylim(options.get("min"), options.get("max"))
    axes.autoscale(enable=False)


def _tick(value: float, options: Look) -> str:
    return measured(value, options["unit"], len(f"{value:.6g}".partition(".")[2]) or None)


def _line(axes: Axes, line: Line, options: Look, ink: str) -> None:
    points = list(_with_gaps(line, options.get("custom.spanNulls") or 0))
    lone = [n for n in range(len(points)) if _is_lone(points, n)]
    known = sum(value == value for _, value in points)  # noqa: PLR0124 a gap is no number
    marked: Any = lone if known > _SPARSE else None
    days, values = [_day(time_ms) for time_ms, _ in points], [value for _, value in points]
    axes.plot(days, values, color=ink, linewidth=1.6, marker="o", markersize=2.5, markevery=marked, zorder=3)


def _with_gaps(line: Line, span_ms: float) -> Iterator[tuple[float, float]]:
    """Points that are known, and no number between two that are too far apart."""
    before = None
    for time_ms, value in zip(line.times_ms, line.values, strict=True):
        if value is None:
            continue
        if before is not None and time_ms - before > span_ms:
            yield (before + time_ms) / 2, nan
        yield time_ms, value
        before = time_ms


def _is_lone(points: Sequence[tuple[float, float]], n: int) -> bool:
    around = [points[at][1] for at in (n - 1, n + 1) if 0 <= at < len(points)]
    return all(value != value for value in around)  # noqa: PLR0124 as above


def _bars(axes: Axes, drawn: Sequence[tuple[Line, Look, str]]) -> None:
    """On top of each other."""
    height: dict[int, float] = {}
    for line, _, ink in drawn:
        known = [(time_ms, value) for time_ms, value in zip(line.times_ms, line.values, strict=True) if value]
        wide = min((b - a for a, b in zip(line.times_ms, line.times_ms[1:], strict=False)), default=_DAY_MS // 24)
        below = [height.get(time_ms, 0.0) for time_ms, _ in known]
        days, values = [_day(time_ms) for time_ms, _ in known], [value for _, value in known]
        axes.bar(days, values, 0.9 * wide / _DAY_MS, bottom=below, color=ink, align="edge", zorder=2)
        height |= {time_ms: under + value for (time_ms, value), under in zip(known, below, strict=True)}


def _thresholds(axes: Axes, panel: Panel) -> None:
    defaults = panel.model["fieldConfig"]["defaults"]
    if defaults["custom"].get("thresholdsStyle", {}).get("mode") != "line":
        return
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is not None and step["value"] > _LOWEST:
            axes.axhline(step["value"], color=step["color"], linewidth=1.2, linestyle=(0, (6, 4)), zorder=2)


def _colour(panel: Panel, line: Line, n: int) -> str:
    fixed = look(panel.model, line.name).get("color") or {}
    return str(fixed.get("fixedColor", _PALETTE[n % len(_PALETTE)]))


def _legend(sheet: Sheet, box: Box, drawn: Sequence[tuple[Line, Look, str]]) -> None:
    """One after the other, in letters with which all have room."""
    said = [f"{options.get('displayName', line.name)}: {_newest(line, options)}" for line, options, _ in drawn]
    free = box.wide - len(said) * _KEY
    size = min(11.0, free / sum(wide_as(one, 1) for one in said))
    x = box.x
    for one, (_, _, ink) in zip(said, drawn, strict=True):
        sheet.fill(Box(x, box.y + box.tall / 2 - 1.5, 14, 3), ink)
        sheet.write(Box(x + 19, box.y, box.wide, box.tall), one, size)
        x += wide_as(one, size) + _KEY


def _newest(line: Line, options: Look) -> str:
    return text(options, line.last) if line.last is not None else "–"  # noqa: RUF001 as tables have it


def timeline(sheet: Sheet, box: Box, panel: Panel) -> None:
    """A row for each series: its states as bars with their words, nothing where nothing is known."""
    found = lines(panel.model, panel.answers)
    if not any(line.last is not None for line in found):
        say_empty(sheet, box, panel)
        return
    axes = sheet.axes(box.inner(70, 6, 34, 26))
    _over_time(axes, panel)
    axes.set_ylim(len(found), 0)
    axes.set_yticks([n + 0.5 for n in range(len(found))], [line.name for line in found])
    for row, line in enumerate(found):
        options = look(panel.model, line.name)
        for from_ms, to_ms, value in _states(line, panel.shown.to_ms):
            ground, wide = colour(options, value), _day(to_ms) - _day(from_ms)
            axes.broken_barh([(_day(from_ms), wide)], (row + 0.1, 0.8), facecolor=ground)
            if (to_ms - from_ms) / (panel.shown.to_ms - panel.shown.from_ms) * box.wide > 11 * 7:
                middle = _day(from_ms) + wide / 2
                axes.text(
                    middle, row + 0.5, text(options, value), size=11, color=ink_on(ground), ha="center", va="center"
                )


def _states(line: Line, end_ms: int) -> Iterator[tuple[int, int, float]]:
    """From when to when it was so: points of one state after another are one."""
    begin, state = 0, None
    for time_ms, value in zip((*line.times_ms, end_ms), (*line.values, None), strict=True):
        if value == state:
            continue
        if state is not None:
            yield begin, time_ms, state
        begin, state = time_ms, value


def places(sheet: Sheet, box: Box, panel: Panel) -> None:
    """Assets as points, with colour and word of their state; what lies around them is not drawn."""
    layer: Mapping[str, Any] = panel.model["options"]["layers"][0]
    found = table(panel.model, panel.answers)
    east, north = (found.column(layer["location"][which]) for which in ("longitude", "latitude"))
    states = found.column(layer["config"]["style"]["color"]["field"])
    options = look(panel.model, layer["config"]["style"]["color"]["field"])
    known = [
        (x, y, state)
        for x, y, state in zip(east, north, states, strict=True)
        if isinstance(x, int | float) and isinstance(y, int | float)
    ]
    if not known:
        say_empty(sheet, box, panel)
        return
    axes = sheet.axes(box.inner(10, 6, 10, 24))
    axes.set_facecolor(_GROUND)
    axes.set_aspect(1 / cos(radians(known[0][1])), adjustable="datalim")
    axes.margins(0.12)
    grounds = [colour(options, state) for _, _, state in known]
    east_north = [x for x, _, _ in known], [y for _, y, _ in known]
    axes.scatter(*east_north, s=90, c=grounds, edgecolors="white", linewidths=0.8, zorder=3)
    for x, y, state in known:
        axes.annotate(text(options, state), (x, y), (0, -12), textcoords="offset points", size=9.5, color=INK,
                      ha="center", va="center", zorder=4)  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])


def _day(time_ms: float) -> float:
    """As the axis counts: days since 1970."""
    return time_ms / _DAY_MS
