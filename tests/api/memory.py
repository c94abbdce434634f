"""Store and registry in memory: small, honest implementations of the ports, for tests of the API alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

from sinks.errors import Unavailable
from sinks.model import Asset, Device, Field, Installation, Organisation
from sinks.ports import Place, Row, Selection, series_key


def row(
    time_ms: int,
    asset_id: str,
    fields: Mapping[str, Field],
    *,
    measurement: str = "bin_level",
    device_id: str = "a84041ffff1d2c3b",
    depth_cm: str = "",
    tenant: str = "offenbach",
) -> Row:
    """A row as a store gives it back, provenance and all."""
    tags = {"tenant": tenant, "asset_id": asset_id, "device_id": device_id, "model": "em400-mud"}
    if depth_cm:
        tags["depth_cm"] = depth_cm
    provenance: dict[str, Field] = {"quality": 1, "decoder": "em400-mud/1", "offset": 770077, "lat": 50.1, "lon": 8.7}
    return Row(measurement, time_ms, tags, {**provenance, **fields})


@dataclass
class MemoryReader:
    """`sinks.ports.Reader` over a list; `down` makes it say that it cannot answer."""

    stored: list[Row] = field(default_factory=list)
    down: bool = False
    asked: int = 0
    _lock: Lock = field(default_factory=Lock)

    def put(self, *rows: Row) -> None:
        with self._lock:
            self.stored = [*self.stored, *rows]

    def latest(self, selection: Selection) -> list[Row]:
        newest: dict[str, Row] = {}
        for one in self._selected(selection):
            newest[series_key(one.tags)] = one
        return list(newest.values())

    def rows(self, selection: Selection, after: tuple[int, str] | None = None, limit: int = 1000) -> list[Row]:
        behind = [r for r in self._selected(selection) if after is None or (r.time_ms, series_key(r.tags)) > after]
        return behind[:limit]

    def _selected(self, selection: Selection) -> list[Row]:
        with self._lock:
            self.asked += 1
            stored = self.stored
        if self.down:
            raise Unavailable("store at /srv/secret-place does not answer", 7)
        chosen = [one for one in stored if _is_chosen(one, selection)]
        return sorted(chosen, key=lambda one: (one.time_ms, series_key(one.tags)))

    def close(self) -> None:
        """Nothing is held."""


def _is_chosen(one: Row, selection: Selection) -> bool:
    wanted = {"tenant": selection.tenant, "asset_id": selection.asset_id, "device_id": selection.device_id}
    return (
        one.measurement == selection.measurement
        and selection.from_ms <= one.time_ms < selection.to_ms
        and all(value in ("", one.tags.get(name)) for name, value in wanted.items())
    )


@dataclass
class MemoryRegistry:
    """`sinks.ports.Registry` over lists."""

    all_organisations: list[Organisation] = field(default_factory=list)
    all_assets: list[Asset] = field(default_factory=list)
    changes: int = 1
    down: bool = False

    def put(self, asset: Asset) -> None:
        self.all_assets.append(asset)
        self.changes += 1

    def revision(self) -> int:
        if self.down:
            raise Unavailable("registry is locked")
        return self.changes

    def organisations(self) -> list[Organisation]:
        return self.all_organisations

    def devices(self) -> list[Device]:
        return []

    def assets(self) -> list[Asset]:
        return list(self.all_assets)

    def installations(self) -> list[Installation]:
        return []

    def iter_places(self) -> Iterator[Place]:
        return iter(())

    def close(self) -> None:
        """Nothing is held."""
