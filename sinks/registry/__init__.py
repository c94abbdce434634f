"""Who measures what where: organisations, devices, assets, installations, and the keys that let people in."""

from __future__ import annotations

from .keys import Key
from .snapshot import Snapshot
from .store import SqlRegistry, open_registry

__all__ = ["Key", "Snapshot", "SqlRegistry", "open_registry"]
