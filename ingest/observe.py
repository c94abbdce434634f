"""Reading by installation by asset: what was observed at a bin or a tree, with its quality and where it came from.

Pure: the same uplink, decoded frame and place give the same points, so a replay writes the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from decoders import QUANTITIES, Decoded, Event, Reading
from sinks.influxdb.schema import CONDITION, MEASUREMENTS
from sinks.model import Field, Point, Quality, Series
from sinks.quality import format_codes

from .derive import level, soil
from .networks.model import Outcome, TimeSource, Uplink
from .site import MEASUREMENT_OF_KIND, Site, series

_NS = 1_000_000
_HEARD = (Outcome.DATA, Outcome.NO_PAYLOAD)
_NETWORK = TimeSource.NETWORK

_LIMITS = {key: (quantity.low, quantity.high) for key, quantity in QUANTITIES.items()}
_OF_ASSETS = {key for key, quantity in QUANTITIES.items() if quantity.subject == "asset"}
_MEASURED = {
    kind: {key: _LIMITS[key] for key in _OF_ASSETS & MEASUREMENTS[measurement].keys()}
    for kind, measurement in MEASUREMENT_OF_KIND.items()
}
_GOOD = int(Quality.GOOD)

Fields = dict[str, Field]
Flags = dict[str, tuple[Quality, str]]
"""For each value that is not good, how and why."""


def observe(uplink: Uplink, decoded: Decoded | None, site: Site, decoder: str, offset: int) -> list[Point]:
    """All points of one frame: what was measured, with the device's condition and the radio link, and events.

    `decoder`: "<key>/<revision>", "" for the first revision of the model's own. `offset`: of the message in the
    journal. `decoded` is None for frames and events without a payload. Times are the reading's own when its clock can
    be trusted, else the reception.
    """
    received_ms = (uplink.received_ns or 0) // _NS
    points = []
    fields = _origin(decoder, offset)
    bare = len(fields)
    _add_said(fields, uplink, decoded)
    said: Fields | None = fields
    if decoded is not None:
        for reading in decoded.readings:
            if said is not None and reading.time_ms is None and not reading.age_ms:
                fields, said = said, None
            else:
                fields = _origin(decoder, offset)
            points.append(_measured(reading, decoded, site, fields, received_ms))
        if len(points) > 1:
            points = _apart(points)
    if said is not None and len(said) > bare:
        points.append(Point(series(site.place, "device_status"), received_ms, said))
    happened = decoded.events if decoded is not None else _happened(uplink, points)
    if happened:
        points.append(Point(series(site.place, "event"), received_ms, _events(happened, offset)))
    return points


def _apart(points: list[Point]) -> list[Point]:
    """Several readings of one series and instant (a list of echoes) a millisecond apart: none overwrites another."""
    taken: set[tuple[Series, int]] = set()
    spread = []
    for point in points:
        time_ms = next(at for at in count(point.time_ms) if (point.series, at) not in taken)
        taken.add((point.series, time_ms))
        spread.append(Point(point.series, time_ms, point.fields))
    return spread


def _happened(uplink: Uplink, points: list[Point]) -> tuple[Event, ...]:
    """A join, an acknowledgement, a log line of the network server: kept as an event of the device."""
    if uplink.outcome is Outcome.NO_PAYLOAD or (uplink.outcome is Outcome.STATUS and points):
        return ()
    return (Event(str(uplink.outcome)),)


def _measured(reading: Reading, decoded: Decoded, site: Site, fields: Fields, received_ms: int) -> Point:
    asset = site.place.asset
    kind = asset.kind if asset is not None else _kind_of(reading)
    flags = _take_values(fields, reading, decoded, kind)
    if kind == "bin":
        _add_level(fields, flags, site)
    else:
        _add_soil(fields, flags, reading, site)
    if asset is not None:
        fields["lat"] = asset.lat
        fields["lon"] = asset.lon
    if flags:
        fields["quality"] = int(max(flag for flag, _ in flags.values()))
        fields["quality_codes"] = format_codes(flags)
    time_ms = received_ms - (reading.age_ms or 0) if reading.time_ms is None else reading.time_ms
    return Point(_series(reading, site, kind), time_ms, fields)


def _series(reading: Reading, site: Site, kind: str) -> Series:
    if site.series is not None and (reading.channel is None or kind == "bin"):
        return site.series
    depth = _depth(reading.channel, site) if kind == "tree" and reading.channel is not None else site.depth
    return series(site.place, MEASUREMENT_OF_KIND[kind], depth)


def _take_values(fields: Fields, reading: Reading, decoded: Decoded, kind: str) -> Flags:
    """Put what was measured into the row; gives a flag for each value that is not good."""
    flags: Flags = {}
    known = _MEASURED[kind]
    why = {issue.field: str(issue.code) for issue in decoded.issues} if decoded.issues else {}
    if None in why:  # part of the frame could not be read: what was read may not be all
        flags["frame"] = (Quality.SUSPECT, why[None])
    for key, value in reading.values.items():
        limits = known.get(key)
        if limits is None:
            if key in _OF_ASSETS:  # e.g. a soil probe that is registered on a bin
                flags[key] = (Quality.NOT_EVALUATED, "not_of_this_kind")
        elif value is None:
            flags[key] = (Quality.MISSING, why.get(key, "no_value"))
        elif limits[0] <= value <= limits[1]:
            fields[key] = float(value)
        else:
            flags[key] = (Quality.FAIL, "out_of_range")
    return flags


def _add_level(fields: Fields, flags: Flags, site: Site) -> None:
    distance, asset = fields.get("distance_mm"), site.place.asset
    if asset is None:
        return
    if not isinstance(distance, float):
        flags["level_pct"] = flags.get("distance_mm", (Quality.MISSING, "no_distance"))
        return
    found = level.level(distance, site.geometry)
    percent = found.level_pct
    if percent is None:
        flags["level_pct"] = (found.quality, found.code)
        return
    fields["level_pct"] = percent
    volume = level.litres(percent, asset.properties)
    if volume is not None:
        fields["volume_l"] = volume


def _add_soil(fields: Fields, flags: Flags, reading: Reading, site: Site) -> None:
    contents = soil.both_contents(reading.values)
    if contents is None or (flags.keys() & {"soil_vwc", "soil_moisture_pct"}):
        return
    fields["soil_vwc"], fields["soil_moisture_pct"] = contents
    frozen = fields.get("soil_temperature_c")
    if isinstance(frozen, float) and frozen < 0:
        flags["soil_vwc"] = flags["soil_moisture_pct"] = (Quality.FAIL, "frozen")
        return
    if site.earth is not None:
        fields["soil_nfk_pct"] = soil.nfk_pct(contents[0], site.earth)


def _kind_of(reading: Reading) -> str:
    """What a device that is not installed seems to watch, by what it measures."""
    return "tree" if any(key.startswith("soil_") for key in reading.values) else "bin"


def _depth(channel: str, site: Site) -> str:
    """Depth in cm as text, of a probe by the mount's `channels` ("1=30,2=60"); else its own name."""
    mount = site.place.installation.mount if site.place.installation else {}
    pairs = (pair.split("=") for pair in str(mount.get("channels", "")).split(",") if "=" in pair)
    return {name.strip(): depth.strip() for name, depth in pairs}.get(channel, channel)


def _origin(decoder: str, offset: int) -> Fields:
    """What stands in every row of a frame."""
    return {"quality": _GOOD, "offset": offset, "decoder": decoder} if decoder else {"quality": _GOOD, "offset": offset}


def _add_said(fields: Fields, uplink: Uplink, decoded: Decoded | None) -> None:
    """What stands in the row of the reception, whatever was measured: condition and link.

    The device's own condition is from the frame and from the network server's status event.
    """
    if decoded is not None:
        _add_condition(fields, decoded.status)
    if uplink.status is not None:
        _add_condition(fields, uplink.status)
    if uplink.outcome in _HEARD:
        _add_link(fields, uplink)


def _add_condition(fields: Fields, said: Mapping[str, float | str | bool]) -> None:
    for key, value in said.items():
        kind = CONDITION.get(key)
        if kind is float and not isinstance(value, str):
            fields[key] = float(value)
        elif kind is not None and kind is not float:
            fields[key] = value


def _add_link(fields: Fields, uplink: Uplink) -> None:
    """The radio link of one frame: counter, port and the pair of values of the best gateway."""
    fields["gateways"] = len(uplink.gateways)
    if uplink.time_source is not None and uplink.time_source is not _NETWORK:
        fields["time_source"] = uplink.time_source.value
    if uplink.spreading_factor is not None:
        fields["spreading_factor"] = uplink.spreading_factor
    if uplink.f_cnt is not None:
        fields["f_cnt"] = uplink.f_cnt
    if uplink.f_port is not None:
        fields["f_port"] = uplink.f_port
    if uplink.gateways:
        best = uplink.gateways[0]
        fields["gateway"] = best.id
        rssi, snr = best.rssi, best.snr
        if rssi is not None:
            fields["rssi_dbm"] = float(rssi)
        if snr is not None:
            fields["snr_db"] = float(snr)


def _events(events: tuple[Event, ...], offset: int) -> Fields:
    """One row for all that happened in a frame: several events of one instant would overwrite each other."""
    fields: Fields = {"code": " ".join(event.code for event in events), "offset": offset}
    texts = [f"{name}={value}" for event in events for name, value in event.data.items()]
    if texts:
        fields["text"] = " ".join(texts)
    return fields
