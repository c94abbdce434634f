"""Assets and their newest rows to published stations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sinks.model import Asset
from sinks.ports import Row

from .answers import Feature, Location, Observation, Point, Property, Station
from .insight.state import state
from .observations import key, observations, usable
from .times import rfc3339


@dataclass(frozen=True, slots=True)
class Published:
    """What stations are made with beside assets and rows.

    `now_ms`: Unix milliseconds. `stale_after_ms`: age above which a value no longer counts. `properties`: names of
    asset properties that are public. `organisations`: id to name.
    """

    now_ms: int
    stale_after_ms: int
    properties: Sequence[str]
    organisations: Mapping[str, str] = field(default_factory=dict)


def station(asset: Asset, rows: Iterable[Row], published: Published) -> Station:
    """An asset with the newest value of each quantity and depth, whichever device measured it."""
    newest: dict[str, tuple[int, Observation]] = {}
    last_seen: int | None = None
    for row in sorted(rows, key=lambda row: row.time_ms):
        last_seen = row.time_ms
        newest |= {key(one): (row.time_ms, one) for one in observations(row)}
    oldest_ms = published.now_ms - published.stale_after_ms
    return Station(
        id=asset.id,
        name=asset.name,
        kind=asset.kind,
        organisation=asset.organisation,
        organisation_name=published.organisations.get(asset.organisation, asset.organisation),
        location=Location(lat=asset.lat, lon=asset.lon),
        properties={name: asset.properties[name] for name in published.properties if name in asset.properties},
        state=state(asset.kind, (one for time_ms, one in newest.values() if time_ms >= oldest_ms)),
        stale=last_seen is None or last_seen < oldest_ms,
        last_seen=None if last_seen is None else rfc3339(last_seen),
        age_s=None if last_seen is None else max(0, published.now_ms - last_seen) // 1000,
        latest={name: one for name, (_, one) in newest.items()},
    )


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in WGS 84 degrees; `west` above `east` goes across the date line (RFC 7946, 5.2)."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, place: Location) -> bool:
        """Whether a place lies inside or on the edge."""
        if not self.south <= place.lat <= self.north:
            return False
        if self.west <= self.east:
            return self.west <= place.lon <= self.east
        return place.lon >= self.west or place.lon <= self.east


@dataclass(frozen=True, slots=True)
class Filter:
    """Which stations: "" and None mean all."""

    organisation: str = ""
    kind: str = ""
    state: str = ""
    box: Box | None = None

    def admits(self, candidate: Station) -> bool:
        """Whether a station passes."""
        return (
            self.organisation in ("", candidate.organisation)
            and self.kind in ("", candidate.kind)
            and self.state in ("", candidate.state)
            and (self.box is None or self.box.holds(candidate.location))
        )


def feature(of: Station) -> Feature:
    """A station as GeoJSON, flat for map clients; a value that must not be relied on is null."""
    properties: dict[str, Property | None] = dict(of.properties)
    properties |= {name: seen.value if usable(seen) else None for name, seen in of.latest.items()}
    properties |= {"name": of.name, "kind": of.kind, "organisation": of.organisation, "state": of.state}
    properties |= {"stale": of.stale, "last_seen": of.last_seen, "age_s": of.age_s}
    return Feature(id=of.id, geometry=Point(coordinates=(of.location.lon, of.location.lat)), properties=properties)
