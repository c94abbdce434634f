"""How a panel wants a value to look: Grafana's field options with their overrides, as text and colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from math import floor, log10
from typing import Any, Final
from zoneinfo import ZoneInfo

from .answers import Cell
from .expand import Json

ZONE: Final = ZoneInfo("Europe/Berlin")
Look = Mapping[str, Any]
"""Field options by their id, as an override names them: `unit`, `thresholds`, `custom.cellOptions`."""
_TIMES: Final = ((31_536_000, "year"), (604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "min"))


def look(panel: Json, series: str) -> Look:
    """The options of one series or column, by the name that is shown."""
    config = panel["fieldConfig"]
    found = {name: value for name, value in config["defaults"].items() if name != "custom"}
    found |= {f"custom.{name}": value for name, value in config["defaults"].get("custom", {}).items()}
    for override in config["overrides"]:
        matcher = override["matcher"]
        if matcher["id"] == "byRegexp" or matcher["options"] == series:
            found |= {one["id"]: one.get("value") for one in override["properties"]}
    return found


def text(options: Look, value: Cell) -> str:
    """What stands there: the word for it, else the number with its unit."""
    if value is None:
        return str(options.get("noValue", ""))
    word = _mapped(options, value).get("text")
    if word is not None:
        return str(word)
    if isinstance(value, str | bool):
        return str(value).lower() if isinstance(value, bool) else value
    return measured(value, options.get("unit", "none"), options.get("decimals"))


def colour(options: Look, value: Cell) -> str:
    """Of its word, else of the highest step that it has reached."""
    own = _mapped(options, value).get("color")
    steps = options["thresholds"]["steps"]
    number = float(value) if isinstance(value, int | float) else None
    reached = [one["color"] for one in steps[1:] if number is not None and number >= one["value"]]
    return str(own or [steps[0]["color"], *reached][-1])


def _mapped(options: Look, value: Cell) -> Json:
    key = str(value).lower() if isinstance(value, bool) else f"{value:.15g}" if isinstance(value, float) else str(value)
    words: list[Json] = options.get("mappings", [])
    return next((one["options"][key] for one in words if key in one["options"]), {})


def measured(value: float, unit: str, decimals: int | None = None) -> str:
    """A number with its unit; as many decimals as Grafana takes where the panel does not say."""
    return _UNITS.get(unit, _with(f" {unit}"))(value, decimals)


def _number(value: float, decimals: int | None) -> str:
    """Three digits that mean something, none behind the point of a whole number."""
    if decimals is None:
        decimals = 0 if float(value).is_integer() else max(0, 2 - floor(log10(abs(value))))
    return f"{value:.{decimals}f}"


def _with(suffix: str) -> Callable[[float, int | None], str]:
    return lambda value, decimals: _number(value, decimals) + suffix


def _lasting(second: float, word: str) -> Callable[[float, int | None], str]:
    """A length of time in the largest unit that it fills; `second`: seconds of the unit that it comes in."""

    def said(value: float, decimals: int | None) -> str:
        for length, name in _TIMES:
            if length > second and abs(value) * second >= length:
                return f"{_number(value * second / length, decimals)} {name}"
        return f"{_number(value, decimals)} {word}"

    return said


def _length(value: float, decimals: int | None) -> str:
    return f"{_number(value / 1000, decimals)} m" if abs(value) >= 1000 else f"{_number(value, decimals)} mm"


def _moment(value: float, _: int | None) -> str:
    return f"{datetime.fromtimestamp(value / 1000, ZONE):%Y-%m-%d %H:%M:%S}"


_UNITS: Final[Mapping[str, Callable[[float, int | None], str]]] = {
    "none": _with(""),
    "percent": _with("%"),
    "litre": _with(" L"),
    "pressurekpa": _with(" kPa"),
    "celsius": _with(" °C"),
    "degree": _with("°"),
    "volt": _with(" V"),
    "cpm": _with(" c/m"),
    "locale": lambda value, decimals: f"{float(_number(value, decimals)):,g}" if value % 1 else f"{value:,.0f}",
    "lengthmm": _length,
    "s": _lasting(1, "s"),
    "h": _lasting(3_600, "hour"),
    "d": _lasting(86_400, "day"),
    "dateTimeAsLocal": _moment,
}
"""As Grafana names them; what is not here stands behind its number as it is."""
