"""Which device stood where at which time: a copy of the registry that is made anew when the registry changes."""

from __future__ import annotations

from collections import defaultdict

from sinks.ports import Place, Registry


class Places:
    """Answers from memory; asks the registry for its revision at most once a batch, by `refresh`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._revision = -1
        self._by_device: dict[str, list[Place]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take over changes of the registry, if there are any."""
        revision = self._registry.revision()
        if revision == self._revision:
            return
        by_device: dict[str, list[Place]] = defaultdict(list)
        for place in self._registry.iter_places():
            by_device[place.device.dev_eui].append(place)
        self._by_device, self._revision = dict(by_device), revision

    def at(self, device: str, time_ms: int) -> Place | None:
        """The device with the installation it had at that time, or with none; None for an unknown device."""
        known = self._by_device.get(device)
        if known is None:
            return None
        for place in known:
            stood = place.installation
            if stood and stood.from_ms <= time_ms and (stood.to_ms is None or time_ms < stood.to_ms):
                return place
        return Place(known[0].device, None, None)
