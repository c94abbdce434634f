"""What is remembered of every bin, tree and device: bounded, and fed row by row.

Of a bin about two days of readings and its last emptyings, of a probe about ten, of a device a day of counters: 2 to
20 kB each, however long it has been there.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ingest.derive import emptied, health, need, watered
from ingest.derive.window import DAY_MS, Window
from sinks.model import Field, Quality
from sinks.ports import Row

_LEVELS: Final = 96
_SOIL: Final = 240
_FRAMES: Final = 1500
_LINKS: Final = 20
_EVENTS: Final = 60
_ENOUGH: Final = 32
"""So many new readings are looked at before older ones are forgotten."""
_SOIL_FIELDS: Final = ("soil_nfk_pct", "soil_tension_kpa", "soil_vwc")
Fields = Mapping[str, Field]


def number(fields: Fields, name: str) -> float | None:
    """A number of a row; None when there is none."""
    value = fields.get(name)
    return float(value) if isinstance(value, int | float) else None


def is_good(fields: Fields) -> bool:
    """Whether a row counts: good, or not evaluated."""
    return int(fields.get("quality", Quality.GOOD)) <= Quality.NOT_EVALUATED


@dataclass(slots=True)
class Bin:
    """`emptyings`: the last ones; `news`: those that nobody has been told of yet."""

    levels: Window = field(default_factory=lambda: Window(_LEVELS))
    emptyings: list[emptied.Emptying] = field(default_factory=list)
    news: list[emptied.Emptying] = field(default_factory=list)
    fresh: int = 0

    def take(self, row: Row) -> None:
        """A row of `bin_level`."""
        level = number(row.fields, "level_pct")
        if level is not None and is_good(row.fields):
            self.fresh += self.levels.put(row.time_ms, level)

    def settle(self, span_mm: float | None) -> None:
        """Look for emptyings among what is new."""
        if not self.fresh:
            return
        self.fresh = 0
        since = self.emptyings[-1].time_ms if self.emptyings else None
        found = emptied.find(self.levels.times, self.levels.values, span_mm, since)
        self.news += found
        self.emptyings = (self.emptyings + found)[-_EVENTS:]

    @property
    def is_full(self) -> bool:
        """Whether it has to be settled before more comes."""
        return self.fresh >= _ENOUGH


@dataclass(slots=True)
class Probe:
    """One depth: usable values by field, and what is known of frost."""

    values: dict[str, Window] = field(default_factory=dict)
    temperature: tuple[int, float] | None = None
    frozen_ms: int = -DAY_MS

    def take(self, row: Row) -> bool:
        """A row of `soil`; whether it said anything new that can be used."""
        celsius = number(row.fields, "soil_temperature_c")
        if celsius is not None:
            if self.temperature is None or row.time_ms >= self.temperature[0]:
                self.temperature = (row.time_ms, celsius)
            if celsius < 0.0:
                self.frozen_ms = max(self.frozen_ms, row.time_ms)
            if celsius < need.FREEZING_C:
                return False
        if not is_good(row.fields):
            return False
        is_new = False
        for name in _SOIL_FIELDS:
            value = number(row.fields, name)
            if value is not None:
                if name not in self.values:
                    self.values[name] = Window(_SOIL)
                is_new |= self.values[name].put(row.time_ms, value)
        return is_new

    def is_frozen(self, now_ms: int) -> bool:
        """Below 1 °C by its newest temperature, or below 0 °C within the last day."""
        cold = self.temperature is not None and self.temperature[1] < need.FREEZING_C
        return cold or now_ms - self.frozen_ms < DAY_MS


@dataclass(slots=True)
class Tree:
    """Its probes by depth, and its last wettings; `news`: those that are new or have become wetter."""

    probes: dict[str, Probe] = field(default_factory=dict)
    wettings: list[tuple[str, watered.Wetting]] = field(default_factory=list)
    news: list[tuple[str, watered.Wetting]] = field(default_factory=list)
    newest_ms: int = 0
    fresh: int = 0

    def take(self, row: Row) -> None:
        """A row of `soil`."""
        depth = row.tags["depth_cm"]
        if depth not in self.probes:
            self.probes[depth] = Probe()
        self.fresh += self.probes[depth].take(row)
        self.newest_ms = max(self.newest_ms, row.time_ms)

    def settle(self) -> None:
        """Look for wettings among what is new: the first at any depth is it for all of them."""
        if not self.fresh:
            return
        self.fresh = 0
        self._follow_last()
        while found := self._next():
            self.wettings = [*self.wettings, found][-_EVENTS:]
            self.news.append(found)

    def _next(self) -> tuple[str, watered.Wetting] | None:
        since = self.wettings[-1][1].time_ms if self.wettings else None
        found = [
            (depth, one)
            for depth, probe in self.probes.items()
            if (one := _first(probe, since)) is not None and one.time_ms > (since or 0)
        ]
        return min(found, key=lambda pair: (pair[1].time_ms, pair[0]), default=None)

    def _follow_last(self) -> None:
        """It goes on becoming wetter for hours."""
        if not self.wettings:
            return
        depth, last = self.wettings[-1]
        probe = self.probes.get(depth)
        wettest = _after(probe, last.time_ms) if probe else None
        if probe and wettest is not None and _is_wetter(probe, wettest, last.after):
            self.wettings[-1] = (depth, replace(last, after=wettest))
            self.news.append(self.wettings[-1])

    @property
    def is_full(self) -> bool:
        """Whether it has to be settled before more comes."""
        return self.fresh >= _ENOUGH


def _first(probe: Probe, since_ms: int | None) -> watered.Wetting | None:
    window, scale, least = _moisture(probe)
    if window is None:
        return None
    found = watered.first(window.times, [scale(value) for value in window.values], least, since_ms)
    if found is None:
        return None
    at = window.times.index(found.time_ms)
    before = window.values[window.times.index(found.time_ms - round(found.uncertainty_s * 1000))]
    wettest = _after(probe, found.time_ms)
    return replace(found, before=before, after=window.values[at] if wettest is None else wettest)


def _moisture(probe: Probe) -> tuple[Window | None, Callable[[float], float], float]:
    """The readings that show a wetting, how they rise with it, and by how much at least."""
    if (window := probe.values.get("soil_vwc")) is not None:
        return window, lambda value: value, watered.RISE
    return probe.values.get("soil_tension_kpa"), watered.wetness, watered.FALL


def _is_wetter(probe: Probe, one: float, other: float) -> bool:
    _, scale, _ = _moisture(probe)
    return scale(one) > scale(other)


def _after(probe: Probe, time_ms: int) -> float | None:
    """The wettest of the day after, in the unit of the probe."""
    window, scale, _ = _moisture(probe)
    times, values = window.since(time_ms) if window else ((), ())
    wettest = watered.after(times, [scale(value) for value in values], time_ms)
    if wettest is None:
        return None
    return min(values, key=lambda value: abs(scale(value) - wettest))


@dataclass(slots=True)
class DeviceLog:
    """Counters of a day (-1: a frame without one), the radio link of the newest frames, the last battery."""

    frames: Window = field(default_factory=lambda: Window(_FRAMES))
    links: deque[health.Frame] = field(default_factory=lambda: deque(maxlen=_LINKS))
    battery: dict[str, float] = field(default_factory=dict)
    newest_ms: int = 0

    def take(self, row: Row) -> None:
        """A row of any frame; that of its reception has the number of gateways."""
        fields, is_newest = row.fields, row.time_ms > self.newest_ms
        self.newest_ms = max(self.newest_ms, row.time_ms)
        gateways = number(fields, "gateways")
        if gateways is None:
            return
        counter = number(fields, "f_cnt")
        self.frames.put(row.time_ms, -1.0 if counter is None else counter)
        if not is_newest:
            return
        snr, rssi, factor = (number(fields, name) for name in ("snr_db", "rssi_dbm", "spreading_factor"))
        self.links.append(health.Frame(snr, rssi, factor, gateways))
        for name in ("battery_v", "battery_pct"):
            if (value := number(fields, name)) is not None:
                self.battery[name] = value


class Memory:
    """All of them, by id."""

    def __init__(self, span_mm: Callable[[str, int], float | None]) -> None:
        """`span_mm`: distance from empty to full of a bin at a time, None when it is not known."""
        self.bins: defaultdict[str, Bin] = defaultdict(Bin)
        self.trees: defaultdict[str, Tree] = defaultdict(Tree)
        self.devices: defaultdict[str, DeviceLog] = defaultdict(DeviceLog)
        self._span_mm = span_mm

    def take(self, row: Row) -> None:
        """A row of what frames said."""
        asset = row.tags["asset_id"]
        if asset and row.measurement == "bin_level":
            one = self.bins[asset]
            one.take(row)
            if one.is_full:
                self._settle_bin(asset, one)
        elif asset and row.measurement == "soil":
            tree = self.trees[asset]
            tree.take(row)
            if tree.is_full:
                tree.settle()
        self.devices[row.tags["device_id"]].take(row)

    def recall(self, row: Row) -> None:
        """A row of `asset_event` that we once wrote."""
        asset, code = row.tags["asset_id"], row.fields.get("code")
        before, after, late = (number(row.fields, name) or 0.0 for name in ("before", "after", "uncertainty_s"))
        if code in {"emptied", "partly_emptied"}:
            one = emptied.Emptying(row.time_ms, before, after, late, partly=code == "partly_emptied")
            self.bins[asset].emptyings.append(one)
        elif code == "watered":
            wetting = watered.Wetting(row.time_ms, before, after, late)
            self.trees[asset].wettings.append((row.tags["depth_cm"], wetting))

    def settle(self) -> None:
        """Look for events among everything that is new."""
        for asset, one in self.bins.items():
            self._settle_bin(asset, one)
        for tree in self.trees.values():
            tree.settle()

    def _settle_bin(self, asset: str, one: Bin) -> None:
        if one.fresh:
            one.settle(self._span_mm(asset, one.levels.times[-1]))
