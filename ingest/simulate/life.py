"""What happens in the simulated city: bins fill and are emptied, trees dry and are watered.

Pure functions of seed, asset and time, without a state to carry along: a second start finds the city as it would be by
then. The numbers behind the bins are measured ones: litter bins of Edinburgh (77 % full at an emptying, 14 % of them
brim-full) and ultrasonic distances of glass containers in Frankfurt (1.6 % single readings that jump by 20 cm or more).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, exp, floor, pi, sin
from typing import Final

from ingest.derive.soil import TEXTURES

from .chance import between, draw, gauss
from .pace import EPOCH_S, Moment
from .stations import Station

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_YEAR: Final = 365.25 * _DAY

_FULL_AT_EMPTYING: Final = (79.0, 20.0)  # mean and deviation before the brim cuts off: 77 % remain
_SPIKES: Final = 0.016
_REMEMBERED_DAYS: Final = 90


def _warmth(moment: Moment) -> float:
    """-1 at the coldest time of the year (about 20 January), 1 at the warmest."""
    return -cos(2 * pi * ((moment.real_s - EPOCH_S) / _YEAR - 20 / 365))


def air_c(moment: Moment, seed: int) -> float:
    """Air temperature in °C: season, hour of the day, and weather that changes within days."""
    hour = -cos(2 * pi * (moment.simulated_s / _DAY - 0.1))
    day = moment.simulated_s / _DAY
    before, share = floor(day), day - floor(day)
    weather = (1 - share) * gauss(0, 2, seed, "air", before) + share * gauss(0, 2, seed, "air", before + 1)
    return 10.5 + 9.0 * _warmth(moment) + 4.0 * hour + weather


def _site_k(seed: int, station: Station) -> float:
    """How much warmer this place is than the city: sun, walls, shade."""
    return between(-1.0, 1.5, seed, station.asset.id, "site")


def _waste_day(simulated_s: float) -> float:
    """Days in which people throw things away: few at night, most at noon."""
    day = simulated_s / _DAY
    return day - 0.8 * sin(2 * pi * day) / (2 * pi)


@dataclass(frozen=True, slots=True)
class _Filling:
    """From one emptying to the next: when, in simulated seconds, and how full in percent, then and in the end."""

    since_s: float
    until_s: float
    left_over: float
    in_the_end: float


@lru_cache(maxsize=4096)
def _round_days(seed: int, name: str) -> int:
    """From one emptying to the next: one to three days, another number for each bin."""
    return 1 + floor(3 * draw(seed, name, "round"))


def _emptied_s(seed: int, name: str, number: int) -> float:
    """When this emptying was: in the morning of its day, and never to the minute."""
    return number * _round_days(seed, name) * _DAY + between(5 * _HOUR, 10 * _HOUR, seed, name, "emptied", number)


@lru_cache(maxsize=4096)
def _filling(seed: int, name: str, number: int) -> _Filling:
    return _Filling(
        _emptied_s(seed, name, number),
        _emptied_s(seed, name, number + 1),
        between(0, 4, seed, name, "left over", number),
        max(15.0, gauss(*_FULL_AT_EMPTYING, seed, name, "in the end", number)),
    )


def level_pct(seed: int, station: Station, simulated_s: float) -> float:
    """How full the bin really is, 0 to 100 %."""
    name = station.asset.id
    number = floor(simulated_s / (_round_days(seed, name) * _DAY))
    filling = _filling(seed, name, number)
    if simulated_s < filling.since_s:
        filling = _filling(seed, name, number - 1)
    since, until = _waste_day(filling.since_s), _waste_day(filling.until_s)
    share = (_waste_day(simulated_s) - since) / (until - since)
    return min(100.0, filling.left_over + (filling.in_the_end - filling.left_over) * share)


def is_spike(seed: int, station: Station, slot: int) -> bool:
    """Whether this one reading is wrong: a bag in the beam, an echo from the wall."""
    return draw(seed, station.device.dev_eui, "spike", slot) < _SPIKES


def distance_mm(seed: int, station: Station, moment: Moment, slot: int) -> float:
    """What the sensor of a bin reads: down to the surface, with noise, and sometimes quite wrong."""
    eui, mount = station.device.dev_eui, station.mount
    empty, full, dead = (float(mount[name]) for name in ("empty_mm", "full_mm", "dead_mm"))
    true = empty - (empty - full) * level_pct(seed, station, moment.simulated_s) / 100
    read = true + gauss(0, 4, seed, eui, "noise", slot)
    if is_spike(seed, station, slot):
        away = between(200, 500, seed, eui, "away", slot)
        read += away if draw(seed, eui, "farther", slot) < 0.5 else -away
    if station.device.model == "dragino_ldds75":
        read = round(read / 20) * 20  # steps of 2 cm, like the sensors of Frankfurt
    return max(read, dead + 1)


def bin_values(seed: int, station: Station, moment: Moment, slot: int) -> dict[str, float]:
    """All that any sensor in a bin may say at this time, by quantity."""
    eui = station.device.dev_eui
    return _device_values(seed, station, moment) | {
        "distance_mm": distance_mm(seed, station, moment, slot),
        "temperature_c": air_c(moment, seed) + _site_k(seed, station) + gauss(0.5, 0.2, seed, eui, "warm", slot),
        "tilted": 0.0,
        "samples": 32.0,
    }


def usable_share(seed: int, station: Station, moment: Moment) -> float:
    """Water in the soil as a share of what a tree can use: 0 wilting, 1 field capacity, a little more after rain.

    Each rain and each watering soaks in within hours and dries up exponentially; what is there is their sum.
    """
    name, city = station.asset.id, station.asset.organisation
    young = float(station.asset.properties["planted"]) >= 2019
    loss = between(0.04, 0.09, seed, name, "loss") * (1 + 0.5 * _warmth(moment))
    today = floor(moment.simulated_s / _DAY)
    total = 0.0
    for day in range(today - _REMEMBERED_DAYS, today + 1):
        at_s, amount = _wetting(seed, city, name, day, young=young)
        age_s = moment.simulated_s - at_s
        if amount and age_s > 0:
            total += amount * exp(-loss * age_s / _DAY) * (1 - exp(-age_s / (2 * _HOUR)))
    return min(total, 1.08)


@lru_cache(maxsize=8192)
def _wetting(seed: int, city: str, name: str, day: int, *, young: bool) -> tuple[float, float]:
    """When and how much this day brings: rain for the whole city, a watering every twelve days for a young tree."""
    rain = between(0.02, 0.2, seed, city, "rain", day) if draw(seed, city, "rains", day) < 0.3 else 0.0
    watered = young and (day + floor(12 * draw(seed, name, "watering"))) % 12 == 0
    sheltered = between(0.5, 1.0, seed, name, "sheltered")
    at_s = (day + 0.25 + 0.5 * draw(seed, name, "hour", day)) * _DAY
    return at_s, rain * sheltered + (0.25 if watered else 0.0)


def tree_values(seed: int, station: Station, moment: Moment, slot: int) -> dict[str, float]:
    """All that any probe at a tree may say at this time, by quantity."""
    eui, depth_cm = station.device.dev_eui, float(station.mount["depth_cm"])
    capacity, wilting = TEXTURES[str(station.asset.properties["soil"])]
    vwc = wilting + (capacity - wilting) * usable_share(seed, station, moment)
    vwc = max(0.005, vwc + gauss(0, 0.0008, seed, eui, "noise", slot))
    deep = exp(-depth_cm / 25)  # how much of the day's warmth gets down there
    air = air_c(moment, seed)
    soil = 11.0 + 7.5 * _warmth(moment) + deep * (air - 10.5 - 9.0 * _warmth(moment))
    return _device_values(seed, station, moment) | {
        "soil_vwc": vwc,
        "soil_moisture_pct": 100 * vwc,
        "soil_temperature_c": max(0.6, soil + _site_k(seed, station)),
        "soil_ec_us_cm": 40 + 1500 * vwc * between(0.7, 1.3, seed, station.asset.id, "salts"),
        "temperature_c": air + _site_k(seed, station),
    }


def _device_values(seed: int, station: Station, moment: Moment) -> dict[str, float]:
    """The device's own condition: a battery that loses some percent a year and gives less in the cold."""
    eui, years = station.device.dev_eui, (moment.real_s - EPOCH_S) / _YEAR
    charge = min(100.0, max(1.0, between(90, 101, seed, eui, "battery") - 7 * years))
    cold = 0.002 * min(0.0, air_c(moment, seed) - 10)
    volts = (2.7 + 0.4 * charge / 100) if station.device.model.startswith("decentlab") else (3.1 + 0.5 * charge / 100)
    return {"battery_pct": charge, "battery_v": volts + cold, "device_id": float(int(eui[-4:], 16))}


def values(seed: int, station: Station, moment: Moment, slot: int) -> dict[str, float]:
    """What the device at this station measures for its frame number `slot`."""
    measure = bin_values if station.asset.kind == "bin" else tree_values
    return measure(seed, station, moment, slot)
