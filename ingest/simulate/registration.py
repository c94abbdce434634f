"""The simulated fleet in the registry, so that its frames find their bins and trees."""

from __future__ import annotations

from sinks.registry.store import SqlRegistry

from .stations import Fleet


def register(registry: SqlRegistry, fleet: Fleet) -> None:
    """Put in what is missing, all or nothing; what is there already stays as it is, also if people changed it.

    A device that was ever installed somewhere is not installed again.
    """
    with registry.transaction():
        there = registry.snapshot()
        organisations = {organisation.id for organisation in there.organisations}
        devices = {device.dev_eui for device in there.devices}
        assets = {asset.id for asset in there.assets}
        installed = {installation.dev_eui for installation in there.installations}
        for organisation in fleet.organisations:
            if organisation.id not in organisations:
                registry.add_organisation(organisation)
        for station in fleet.stations:
            if station.device.dev_eui not in devices:
                registry.add_device(station.device)
            if station.asset.id not in assets:
                registry.add_asset(station.asset)
            if station.device.dev_eui not in installed:
                registry.add_installation(station.installation)
