"""Which device stood where at which time: a copy of the registry that is made anew when the registry changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, Protocol

import decoders
from sinks.ports import Place

from .site import Find, Site, site

LOOK_S: Final = 0.25
"""Asking the registry for its revision takes longer than a message: so often, and when a device is not known."""


class Whereabouts(Protocol):
    """The part of the registry that is read here."""

    def revision(self) -> int:
        """Rises with every change."""

    def iter_places(self) -> Iterator[Place]:
        """Every device with each of its installations, or with none."""


class Places:
    """Answers from memory. A change of the registry counts after `LOOK_S` at the latest, a new device at once.

    `find`: by which a device's model leads to its decoder.
    """

    def __init__(self, registry: Whereabouts, find: Find = decoders.find) -> None:
        self._registry = registry
        self._find = find
        self._revision = -1
        self._places: dict[str, tuple[Place, ...]] = {}
        self._sites: dict[str, tuple[Site, ...]] = {}
        self._looked_s = 0.0
        self._is_fresh = False
        self._look()

    def refresh(self) -> None:
        """Take over changes of the registry, if there are any; to be called with each batch."""
        self._is_fresh = False
        if time.monotonic() - self._looked_s >= LOOK_S:
            self._look()

    def _look(self) -> None:
        self._looked_s, self._is_fresh = time.monotonic(), True
        revision = self._registry.revision()
        if revision == self._revision:
            return
        places: dict[str, tuple[Place, ...]] = {}
        for place in self._registry.iter_places():
            device = place.device.dev_eui
            places[device] = (*places.get(device, ()), place)
        self._places, self._revision = places, revision
        self._sites.clear()

    def at(self, device: str, time_ms: int) -> Site | None:
        """The device with the installation it had at that time, or with none; None for an unknown device."""
        sites = self._sites.get(device) or self._sites_of(device)
        for known in sites:
            if known.from_ms <= time_ms < known.to_ms:
                return known
        return site(Place(sites[0].place.device, None, None), self._find) if sites else None

    def _sites_of(self, device: str) -> tuple[Site, ...]:
        """Where this device ever stood, made when it sends its first frame; empty for an unknown device."""
        if device not in self._places and not self._is_fresh:
            self._look()
        sites = tuple(site(place, self._find) for place in self._places.get(device, ()))
        if sites:
            self._sites[device] = sites
            del self._places[device]
        return sites
