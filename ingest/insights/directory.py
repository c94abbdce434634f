"""Who stands where and when: a copy of the registry, made anew when it changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sinks.model import Asset, Device, Installation
from sinks.ports import Registry


class Directory:
    """Answers from memory; `refresh` asks the registry whether anything has changed."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._revision = -1
        self.assets: dict[str, Asset] = {}
        self.devices: dict[str, Device] = {}
        self._of_asset: dict[str, list[Installation]] = {}
        self._of_device: dict[str, list[Installation]] = {}

    def refresh(self) -> bool:
        """Take over changes; True when there were any. Raises `Unavailable`."""
        revision = self._registry.revision()
        if revision == self._revision:
            return False
        self.assets = {asset.id: asset for asset in self._registry.assets()}
        self.devices = {device.dev_eui: device for device in self._registry.devices()}
        installations = sorted(self._registry.installations(), key=lambda one: (one.from_ms, one.dev_eui))
        self._of_asset = _grouped((one.asset_id, one) for one in installations)
        self._of_device = _grouped((one.dev_eui, one) for one in installations)
        self._revision = revision
        return True

    def on(self, asset_id: str, at_ms: int) -> Installation | None:
        """The device that stood on this asset at that time; of several the one that came last."""
        return _at(self._of_asset.get(asset_id, ()), at_ms)

    def of(self, dev_eui: str, at_ms: int) -> Installation | None:
        """Where this device stood at that time."""
        return _at(self._of_device.get(dev_eui, ()), at_ms)

    def history(self, asset_id: str) -> list[Installation]:
        """All installations on this asset, by their beginning."""
        return self._of_asset.get(asset_id, [])


def _grouped(pairs: Iterable[tuple[str, Installation]]) -> dict[str, list[Installation]]:
    found: defaultdict[str, list[Installation]] = defaultdict(list)
    for key, installation in pairs:
        found[key].append(installation)
    return dict(found)


def _at(installations: Iterable[Installation], at_ms: int) -> Installation | None:
    there = [one for one in installations if one.from_ms <= at_ms and (one.to_ms is None or at_ms < one.to_ms)]
    return there[-1] if there else None
