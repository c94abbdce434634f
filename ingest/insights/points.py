"""What was derived as rows for the store: states of an hour, events under their own time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from ingest.derive import emptied, fill, health, need, soil, watered
from ingest.derive.window import DAY_MS, HOUR_MS, usual_interval_s
from sinks.model import Asset, Device, Field, Installation, Point, Quality, Series

from .directory import Directory
from .memory import Bin, DeviceLog, Memory, Probe, Tree

Fields = dict[str, Field]
_GLASS: Final = 90.0
"""Bottle banks are due later: they are emptied by appointment and nothing blows out of them."""


def span_mm(directory: Directory, asset_id: str, at_ms: int) -> float | None:
    """From empty to full, by how the device was mounted at that time."""
    stood = directory.on(asset_id, at_ms)
    empty, full = (stood.mount.get(name) for name in ("empty_mm", "full_mm")) if stood else (None, None)
    if not isinstance(empty, int | float) or not isinstance(full, int | float) or empty <= full:
        return None
    return float(empty) - float(full)


def due_pct(asset: Asset) -> float:
    """The bin's own `due_pct`, else 90 for glass and 80 for everything else."""
    own = asset.properties.get("due_pct")
    if isinstance(own, int | float) and 0 < own <= 100:
        return float(own)
    return _GLASS if asset.properties.get("fraction") == "glass" else fill.DUE_PCT


def states(directory: Directory, memory: Memory, now_ms: int) -> Iterator[Point]:
    """A row for everything that the registry knows, also for what never said anything, for the present hour."""
    hour_ms = now_ms - now_ms % HOUR_MS
    kinds = _kinds(directory, memory)
    for asset in directory.assets.values():
        stood = directory.on(asset.id, now_ms)
        if asset.kind == "bin":
            fields = bin_state(asset, memory.bins.get(asset.id), stood, kinds[_kind(asset)], now_ms)
            yield Point(_series("bin_state", directory, asset, stood), hour_ms, fields)
        elif asset.kind == "tree":
            fields = tree_state(asset, memory.trees.get(asset.id), stood, now_ms)
            yield Point(_series("tree_state", directory, asset, stood), hour_ms, fields)
    for device in directory.devices.values():
        place = directory.of(device.dev_eui, now_ms)
        series = _of_device("device_health", device, place.asset_id if place else "")
        yield Point(series, hour_ms, device_health(memory.devices.get(device.dev_eui), place, now_ms))


def _kind(asset: Asset) -> tuple[str, str]:
    return asset.organisation, str(asset.properties.get("fraction", ""))


def _kinds(directory: Directory, memory: Memory) -> Mapping[tuple[str, str], fill.Past]:
    found: defaultdict[tuple[str, str], fill.Past] = defaultdict(fill.Past)
    for asset_id, one in memory.bins.items():
        if (asset := directory.assets.get(asset_id)) is not None and len(one.emptyings) > 1:
            found[_kind(asset)] += fill.past(one.emptyings)
    return found


def _of_device(measurement: str, device: Device, asset_id: str, depth_cm: str = "") -> Series:
    return Series(measurement, device.organisation, asset_id, device.dev_eui, device.model, depth_cm)


def _series(
    measurement: str, directory: Directory, asset: Asset, stood: Installation | None, depth_cm: str = ""
) -> Series:
    """Of an asset, with the device that stands there."""
    device = directory.devices.get(stood.dev_eui) if stood else None
    if device is None:
        return Series(measurement, asset.organisation, asset.id, "", depth_cm=depth_cm)
    return Series(measurement, asset.organisation, asset.id, device.dev_eui, device.model, depth_cm)


def bin_state(asset: Asset, known: Bin | None, stood: Installation | None, kind: fill.Past, now_ms: int) -> Fields:
    """One row of `bin_state`."""
    fields: Fields = {"lat": asset.lat, "lon": asset.lon}
    limit = due_pct(asset)
    emptyings = known.emptyings if known else []
    found = fill.judge(known.levels.until(now_ms), emptyings, kind, now_ms, limit) if known else None
    state = found.state if found else fill.State.UNKNOWN
    fields |= {"state": state.name.lower(), "state_code": int(state), "quality": int(_of_bin(found))}
    age_s = found.age_s if found else _since_s(stood, now_ms)
    _put(fields, "age_s", age_s, 0)
    whole = [one for one in emptyings if not one.partly]
    _put(fields, "since_emptied_h", (now_ms - whole[-1].time_ms) / HOUR_MS if whole else None, 2)
    if found is not None:
        _put(fields, "level_pct", found.level_pct, 1)
        _put(fields, "hours_to_due", found.hours_to_due, 1)
        if found.rate is not None:
            fields["fill_rate_pct_d"], fields["method"] = round(found.rate.pct_d, 2), found.rate.method
    return fields


def _of_bin(found: fill.Fill | None) -> Quality:
    if found is None or found.level_pct is None:
        return Quality.MISSING
    return Quality.GOOD if found.readings >= fill.NEWEST_OF_FEW else Quality.NOT_EVALUATED


def tree_state(asset: Asset, known: Tree | None, stood: Installation | None, now_ms: int) -> Fields:
    """One row of `tree_state`. Frozen or unknown soil has no need; a probe that settles has one of doubtful quality."""
    fields: Fields = {"lat": asset.lat, "lon": asset.lon}
    probes = known.probes if known else {}
    frozen = any(probe.is_frozen(now_ms) for probe in probes.values())
    settling = stood is not None and 0 <= now_ms - stood.from_ms < need.SETTLING_MS
    year = need.year_since_planting(asset.properties, now_ms)
    wetted_ms = known.wettings[-1][1].time_ms if known and known.wettings else 0
    thawed = {depth: probe for depth, probe in probes.items() if not probe.is_frozen(now_ms)}
    scale, found = _need(thawed, year, now_ms, wetted_ms)
    state = found.state if found else need.State.UNKNOWN
    quality = Quality.MISSING if found is None else Quality.SUSPECT if settling or frozen else Quality.GOOD
    fields |= {"state": state.name.lower(), "state_code": int(state), "quality": int(quality)}
    fields |= {"frozen": frozen, "settling": settling}
    fields["litres"] = need.litres(found, year, soil.profile(asset.properties), asset.properties, now_ms)
    _put(
        fields, "age_s", (now_ms - known.newest_ms) / 1000 if known and known.newest_ms else _since_s(stood, now_ms), 0
    )
    _put(fields, "since_watered_d", (now_ms - wetted_ms) / DAY_MS if wetted_ms else None, 2)
    temperatures = [probe.temperature for probe in probes.values() if probe.temperature]
    _put(fields, "soil_temperature_c", max(temperatures)[1] if temperatures else None, 2)
    if found is not None:
        _put(fields, "need", found.index, 1)
        _put(fields, "days_to_critical", found.days_to_critical, 1)
        _put(fields, "soil_nfk_pct" if scale is need.NFK else "soil_tension_kpa", found.value, 1)
        fields["method"] = scale.name
    return fields


def _need(
    probes: Mapping[str, Probe], year: int | None, now_ms: int, wetted_ms: int
) -> tuple[need.Scale, need.Need | None]:
    """By suction where there is some: it says the same in every soil."""
    for scale, name in ((need.TENSION, "soil_tension_kpa"), (need.NFK, "soil_nfk_pct")):
        depths = {depth: probe.values[name].until(now_ms) for depth, probe in probes.items() if name in probe.values}
        if found := need.need(depths, scale, year, now_ms, wetted_ms):
            return scale, found
    return need.NFK, None


def device_health(known: DeviceLog | None, place: Installation | None, now_ms: int) -> Fields:
    """One row of `device_health`."""
    if known is None or not known.newest_ms:
        silent = health.State.SILENT
        fields: Fields = {"state": silent.name.lower(), "state_code": int(silent), "received": 0}
        _put(fields, "age_s", _since_s(place, now_ms), 0)
        return fields
    age_s = max(0.0, (now_ms - known.newest_ms) / 1000)
    interval_s = usual_interval_s(known.frames.times)
    state = health.state(age_s, interval_s)
    times, counters = known.frames.since(now_ms - DAY_MS)
    fields = {"state": state.name.lower(), "state_code": int(state), "received": len(times)}
    _put(fields, "age_s", age_s, 0)
    _put(fields, "interval_s", interval_s, 1)
    gone = health.missing(times, counters)
    if gone is not None:
        fields["missing"], fields["loss_pct"] = gone, round(health.loss_pct(len(times), gone), 2)
    if (link := health.link(known.links)) is not None:
        _put(fields, "headroom_db", link.headroom_db, 2)
        _put(fields, "link_margin_db", link.margin_db, 2)
        _put(fields, "snr_db", link.snr_db, 2)
        _put(fields, "rssi_dbm", link.rssi_dbm, 1)
        _put(fields, "spreading_factor", link.spreading_factor, 1)
        _put(fields, "gateways", link.gateways, 1)
    return fields | known.battery


def _put(fields: Fields, name: str, value: float | None, digits: int) -> None:
    if value is not None:
        fields[name] = round(float(value), digits)


def _since_s(stood: Installation | None, now_ms: int) -> float | None:
    return (now_ms - stood.from_ms) / 1000 if stood else None


def events(directory: Directory, memory: Memory) -> Iterator[Point]:
    """Rows of what has happened and was not told yet."""
    for asset_id, one in memory.bins.items():
        if one.news and (asset := directory.assets.get(asset_id)) is not None:
            yield from (_emptied(directory, asset, event) for event in one.news)
    for asset_id, tree in memory.trees.items():
        if tree.news and (asset := directory.assets.get(asset_id)) is not None:
            yield from (_watered(directory, asset, depth, event) for depth, event in tree.news)


def told(memory: Memory) -> None:
    """The news are in the store."""
    for one in memory.bins.values():
        one.news.clear()
    for tree in memory.trees.values():
        tree.news.clear()


def _emptied(directory: Directory, asset: Asset, event: emptied.Emptying) -> Point:
    fields: Fields = {
        "code": "partly_emptied" if event.partly else "emptied",
        "before": round(event.before, 1),
        "after": round(event.after, 1),
        "uncertainty_s": event.uncertainty_s,
        "quality": int(Quality.NOT_EVALUATED if event.partly else Quality.GOOD),
    }
    stood = directory.on(asset.id, event.time_ms)
    return Point(_series("asset_event", directory, asset, stood), event.time_ms, fields)


def _watered(directory: Directory, asset: Asset, depth: str, event: watered.Wetting) -> Point:
    fields: Fields = {
        "code": "watered",
        "before": round(event.before, 4),
        "after": round(event.after, 4),
        "uncertainty_s": event.uncertainty_s,
        "quality": int(Quality.NOT_EVALUATED),
        "text": "rain is not known",
    }
    stood = directory.on(asset.id, event.time_ms)
    return Point(_series("asset_event", directory, asset, stood, depth), event.time_ms, fields)


def installations(directory: Directory) -> Iterator[Point]:
    """Rows of what the registry says of devices that came, went, or took the place of another."""
    for asset in directory.assets.values():
        history = directory.history(asset.id)
        for index, one in enumerate(history):
            before = next((old for old in history[:index] if old.to_ms == one.from_ms), None)
            text = f"{one.dev_eui} for {before.dev_eui}" if before else one.dev_eui
            yield _installed(directory, asset, one, one.from_ms, "swapped" if before else "installed", text)
            if one.to_ms is not None and all(new.from_ms != one.to_ms for new in history[index + 1 :]):
                yield _installed(directory, asset, one, one.to_ms, "removed", one.dev_eui)


def _installed(directory: Directory, asset: Asset, one: Installation, at_ms: int, code: str, text: str) -> Point:
    fields: Fields = {"code": code, "quality": int(Quality.GOOD), "text": text}
    return Point(_series("asset_event", directory, asset, one), at_ms, fields)
