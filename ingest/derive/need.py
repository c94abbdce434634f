"""How much a tree needs water, 0 to 100, from the water it can use or from the suction it has to overcome.

The two are kinds of their own and never converted. What is not known is not guessed: no texture, no index; frozen soil
reads too dry and gives none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from math import exp, log
from statistics import fmean, median
from typing import Final

from .soil import Profile
from .window import DAY_MS, usual_interval_s

GOOD_NFK, CRITICAL_NFK = 70.0, 30.0
GOOD_KPA, CRITICAL_KPA = 32.0, 80.0
PLAN, WATER_NOW = 35.0, 65.0
SETTLING_MS: Final = 14 * DAY_MS
FREEZING_C: Final = 1.0
"""Below it ice may be in the soil: less than 0 °C is frozen, from there to 1 °C is not believed either."""
STALE_MS: Final = DAY_MS
NEWEST: Final = 3
DAYS: Final = 7
"""Daily medians that a drying line is laid through, at most."""
_LEAST_DAYS: Final = 3
_FARTHEST_DAYS: Final = 60.0
_SEASON: Final = ((3, 15), (10, 31))
_DEPTHS: Final = (30.0, 60.0, 90.0)
_YOUNG, _ESTABLISHED = 2, 5
_WEIGHTS: Final = ((_YOUNG, (0.8, 0.2, 0.0)), (_ESTABLISHED, (0.5, 0.4, 0.1)), (10_000, (0.2, 0.4, 0.4)))
_STOP_NFK: Final = 85.0
_EFFICIENCY: Final = 0.8
_ROOT_DEPTH_M: Final = 0.6


class State(IntEnum):
    """What is to be done about a tree; the name in lower case is its text."""

    OK = 0
    PLAN = 1
    WATER_NOW = 2
    UNKNOWN = 9


Values = tuple[Sequence[int], Sequence[float]]
"""Times (Unix milliseconds, rising) and values."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Between which two values a tree goes from well to critical. `name`: what the index rests on."""

    name: str
    good: float
    critical: float
    logarithmic: bool

    def to(self, value: float) -> float:
        """A value as it is weighted: suction by its logarithm."""
        return log(max(value, 0.1)) if self.logarithmic else value

    def back(self, weighted: float) -> float:
        """The other direction."""
        return exp(weighted) if self.logarithmic else weighted

    def index(self, value: float) -> float:
        """0 is well, 100 is critical."""
        good, critical = self.to(self.good), self.to(self.critical)
        return 100.0 * min(1.0, max(0.0, (self.to(value) - good) / (critical - good)))


NFK: Final = Scale("nfk", GOOD_NFK, CRITICAL_NFK, logarithmic=False)
TENSION: Final = Scale("tension", GOOD_KPA, CRITICAL_KPA, logarithmic=True)


@dataclass(frozen=True, slots=True)
class Need:
    """`value`: weighted over the depths, % of the usable field capacity or kPa. `days_to_critical`: without rain."""

    index: float
    value: float
    state: State
    days_to_critical: float | None


def year_since_planting(properties: Mapping[str, float | str | bool], now_ms: int) -> int | None:
    """1 in the year that `planted` names; None when that is not known."""
    try:
        year = int(float(properties.get("planted", 0)))
    except (ValueError, OverflowError):
        return None
    return max(1, _at(now_ms).year - year + 1) if year > 1500 else None


def is_season(now_ms: int) -> bool:
    """15 March to 31 October; outside nobody waters."""
    today = _at(now_ms)
    first, last = _SEASON
    return first <= (today.month, today.day) <= last


def weighted(values: Mapping[str, float], year: int | None, scale: Scale) -> float | None:
    """One value for the root zone: by where the roots are at this age, over the depths that there are.

    `values`: depth in cm as text to value; a depth that is no number counts as 30 cm. `year`: None as for the third.
    """
    shares = next(shares for until, shares in _WEIGHTS if (year or _YOUNG + 1) <= until)
    layers: dict[int, list[float]] = {}
    for depth, value in values.items():
        layers.setdefault(_layer(depth), []).append(scale.to(value))
    if not layers:
        return None
    total = sum(shares[layer] for layer in layers)
    if total == 0.0:  # only where this tree has no roots yet: better than nothing
        return scale.back(fmean(fmean(found) for found in layers.values()))
    return scale.back(sum(shares[layer] * fmean(found) for layer, found in layers.items()) / total)


def _layer(depth: str) -> int:
    try:
        cm = float(depth)
    except ValueError:
        return 0
    return min(range(len(_DEPTHS)), key=lambda layer: abs(_DEPTHS[layer] - cm))


def need(depths: Mapping[str, Values], scale: Scale, year: int | None, now_ms: int, wetted_ms: int = 0) -> Need | None:
    """Need of water now; None when no depth has a value that is not too old.

    `depths`: usable values by depth, none later than now. `wetted_ms`: last wetting, from which on it dries.
    """
    newest = {depth: median(values[-NEWEST:]) for depth, (times, values) in depths.items() if _is_fresh(times, now_ms)}
    value = weighted(newest, year, scale)
    if value is None:
        return None
    index = scale.index(value)
    fresh = {depth: depths[depth] for depth in newest}
    days = days_to_critical(_daily(fresh, scale, year, now_ms, wetted_ms), value, scale)
    return Need(index, value, classify(index, now_ms), days)


def classify(index: float, now_ms: int) -> State:
    """Below 35 all is well, above 65 it is time; outside the season nothing is to be done."""
    if index < PLAN or not is_season(now_ms):
        return State.OK
    return State.PLAN if index <= WATER_NOW else State.WATER_NOW


def _is_fresh(times: Sequence[int], now_ms: int) -> bool:
    return bool(times) and now_ms - times[-1] <= max(STALE_MS, 2500 * (usual_interval_s(times) or 0.0))


def _daily(
    depths: Mapping[str, Values], scale: Scale, year: int | None, now_ms: int, wetted_ms: int
) -> list[tuple[float, float]]:
    """(Days before now, weighted median) of the last days since the wetting; days with a depth missing are left out."""
    days: list[tuple[float, float]] = []
    for ago in range(DAYS):
        begin, end = now_ms - (ago + 1) * DAY_MS, now_ms - ago * DAY_MS
        of_day = {depth: _median_between(values, max(begin, wetted_ms), end) for depth, values in depths.items()}
        known = {depth: value for depth, value in of_day.items() if value is not None}
        value = weighted(known, year, scale) if len(known) == len(depths) else None
        if value is not None:
            days.append((ago + 0.5, value))
        if begin <= wetted_ms:
            break
    return days


def _median_between(readings: Values, begin: int, end: int) -> float | None:
    times, values = readings
    inside = [value for at, value in zip(times, values, strict=True) if begin < at <= end]
    return median(inside) if inside else None


def days_to_critical(daily: Sequence[tuple[float, float]], value: float, scale: Scale) -> float | None:
    """Days until the critical value if it goes on drying as since the last wetting; 0 when it is reached.

    Water content falls, and suction rises, exponentially: a straight line through the logarithms. None when it does not
    dry, when fewer than three days are known, or when it is farther away than 60 days.
    """
    is_critical = value >= scale.critical if scale.logarithmic else value <= scale.critical
    if is_critical:
        return 0.0
    if len(daily) < _LEAST_DAYS or value <= 0:
        return None
    slope = _drying(daily)
    days = (log(scale.critical) - log(value)) / slope if slope else -1.0
    return days if 0.0 <= days <= _FARTHEST_DAYS else None


def after_days(daily: Sequence[tuple[float, float]], value: float, days: float) -> float:
    """What this value becomes after some days without rain, by the same line. `daily` as above, at least two."""
    return value * exp(_drying(daily) * days)


def _drying(daily: Sequence[tuple[float, float]]) -> float:
    """Change of the logarithm in a day."""
    return _slope([(-ago, log(max(one, 0.1))) for ago, one in daily])


def _slope(points: Sequence[tuple[float, float]]) -> float:
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def litres(
    found: Need | None,
    year: int | None,
    earth: Profile | None,
    properties: Mapping[str, float | str | bool],
    now_ms: int,
) -> float:
    """What one watering should bring; 0 when nothing is to be done.

    With `root_area_m2` of the tree and its soil, what is missing up to 85 % of the usable field capacity; else what
    German cities give by age. In steps of 25, 50 to 150 up to the fifth year, 100 to 300 later.
    """
    if found is None or found.state is State.OK or not is_season(now_ms):
        return 0.0
    area = properties.get("root_area_m2")
    if earth is None or not isinstance(area, int | float) or found.value > _STOP_NFK:
        return 100.0 if (year or 1) <= _ESTABLISHED else 200.0 if (year or 1) <= 10 else 300.0
    missing = (_STOP_NFK - found.value) / 100.0 * (earth.field_capacity - earth.wilting_point)
    wanted = 1000.0 * float(area) * _ROOT_DEPTH_M * missing / _EFFICIENCY
    low, high = (50.0, 150.0) if (year or 1) <= _ESTABLISHED else (100.0, 300.0)
    return min(high, max(low, 25.0 * round(wanted / 25.0)))


def _at(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, UTC)
