"""What happened at bins and trees, as marks for Grafana.

Emptied and watered as the store has it; installed and swapped as the registry has it, so that a slip that was mended
there goes from Grafana too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sinks.model import Asset, Installation
from sinks.ports import Reader, Registry, Row, Selection, series_key

OURS: Final = "smartcity-sync"
"""The tag of every mark that is made here, and of no other."""
_WORDS: Final = {
    "emptied": "Geleert / Emptied",
    "watered": "Gewässert oder Regen / Watered, or rain",
    "installed": "Sensor angebracht / Sensor installed",
    "swapped": "Sensor getauscht / Sensor swapped",
}
_PAGE: Final = 5_000


class Kept(Protocol):
    """Where it is read from."""

    def open_registry(self) -> Registry:
        """Cities, assets, installations."""

    def open_reader(self) -> Reader:
        """The store."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """All that an annotation says: two with the same are the same. `tags`: sorted."""

    time_ms: int
    text: str
    tags: tuple[str, ...]

    @classmethod
    def of(cls, annotation: Mapping[str, Any]) -> Mark:
        """As Grafana has it."""
        return cls(annotation["time"], annotation["text"], tuple(sorted(annotation["tags"])))


@dataclass(frozen=True, slots=True)
class City:
    """An organisation of the registry, and what happened there."""

    id: str
    name: str
    marks: frozenset[Mark]


def cities(kept: Kept, from_ms: int, to_ms: int) -> list[City]:
    """All of them, with the marks of from_ms <= time <= to_ms. Raises what registry and store raise."""
    with closing(kept.open_registry()) as registry:
        organisations, installations = registry.organisations(), registry.installations()
        assets = {asset.id: asset for asset in registry.assets()}
    found: defaultdict[str, set[Mark]] = defaultdict(set)
    with closing(kept.open_reader()) as reader:
        for row in _events(reader, from_ms, to_ms + 1):
            if row.fields["code"] in ("emptied", "watered"):
                found[row.tags["tenant"]].add(observed(row, assets))
    for tenant, mark in installed(installations, assets):
        if from_ms <= mark.time_ms <= to_ms:
            found[tenant].add(mark)
    return [City(one.id, one.name, frozenset(found[one.id])) for one in organisations]


def _events(reader: Reader, from_ms: int, to_ms: int) -> Iterator[Row]:
    selection, after = Selection("asset_event", from_ms, to_ms), None
    while page := reader.rows(selection, after, _PAGE):
        yield from page
        after = page[-1].time_ms, series_key(page[-1].tags)


def observed(row: Row, assets: Mapping[str, Asset]) -> Mark:
    """Of a row of `asset_event`; levels of bins are told, a probe's values are not: their unit is the probe's."""
    code, before, after = str(row.fields["code"]), row.fields.get("before"), row.fields.get("after")
    more = f", {before:.0f} → {after:.0f} %" if code == "emptied" and before is not None and after is not None else ""
    return _mark(row.time_ms, code, row.tags["tenant"], row.tags["asset_id"], assets, more)


def installed(installations: Iterable[Installation], assets: Mapping[str, Asset]) -> Iterator[tuple[str, Mark]]:
    """Each beginning with its city: swapped where another device went from the asset at that time."""
    known = list(installations)
    left = {(one.asset_id, one.to_ms) for one in known}
    for one in known:
        code = "swapped" if (one.asset_id, one.from_ms) in left else "installed"
        tenant = assets[one.asset_id].organisation
        yield tenant, _mark(one.from_ms, code, tenant, one.asset_id, assets, f", {one.dev_eui}")


def _mark(time_ms: int, code: str, tenant: str, asset_id: str, assets: Mapping[str, Asset], more: str) -> Mark:
    name = f"{assets[asset_id].name} ({asset_id})" if asset_id in assets else asset_id
    return Mark(time_ms, f"{_WORDS[code]}: {name}{more}", tuple(sorted((OURS, code, tenant, asset_id))))
