"""All that the registry says, at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sinks.model import Asset, Device, Installation, Organisation
from sinks.ports import Place


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Each kind in the order of its keys: ids and DevEUIs, installations by DevEUI and beginning."""

    revision: int
    organisations: tuple[Organisation, ...] = ()
    devices: tuple[Device, ...] = ()
    assets: tuple[Asset, ...] = ()
    installations: tuple[Installation, ...] = ()

    def places(self) -> Iterator[Place]:
        """Every device with each of its installations, or with none."""
        assets = {asset.id: asset for asset in self.assets}
        of_device: dict[str, list[Installation]] = {}
        for installation in self.installations:
            of_device.setdefault(installation.dev_eui, []).append(installation)
        for device in self.devices:
            for installation in of_device.get(device.dev_eui, ()):
                yield Place(device, assets[installation.asset_id], installation)
            if device.dev_eui not in of_device:
                yield Place(device, None, None)
