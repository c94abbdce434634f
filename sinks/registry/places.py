"""What the intake asks the registry, asked of its file directly.

SQLAlchemy would be 15 MB of a process that reads two numbers and one table, and 10,000 devices as its rows 7 MB more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Final

from sinks.model import Asset, Device, Installation
from sinks.ports import Place
from sinks.sqlite import connect, reported

from .steps import newest

_PLACES: Final = """
SELECT dev_eui, devices.organisation, model, params, from_ms, to_ms, mount, assets.id, kind, lat, lon, properties
FROM devices LEFT JOIN installations USING (dev_eui) LEFT JOIN assets ON assets.id = asset_id
ORDER BY dev_eui, from_ms"""
"""A device and its asset belong to one organisation."""
_CACHE_KIB: Final = 256
"""The tables are read from one end to the other, so nothing of them need be kept."""
_WAIT_S: Final = 10
_ALIKE: Final = 1_000
"""A city's bins are mounted alike, on the same days: equal mappings and times are one object, of so many different."""


def is_newest(path: Path) -> bool:
    """Whether a file is there that has the schema of this program. Raises `Unavailable` and `Refused`."""
    with reported(path):
        return path.exists() and _step(path) == newest()


def _step(path: Path) -> str | None:
    """The newest step in a file, None when there is none. Only reads: another process may be making the file now."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        row = db.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


class SqlitePlaces:
    """The part of `sinks.ports.Registry` that tells where every device stood. `path`: a file for which `is_newest`.

    Nobody who asks here needs the names of devices and assets: they are "".
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path)
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def revision(self) -> int:
        with reported(self._path):
            return int(self._db.execute("SELECT value FROM revision").fetchone()[0])

    def iter_places(self) -> Iterator[Place]:
        mapping, same, at = lru_cache(_ALIKE)(json.loads), lru_cache(_ALIKE)(str), lru_cache(_ALIKE)(int)
        device = None
        with reported(self._path):
            for eui, owner, model, params, *rest in self._db.execute(_PLACES):
                if device is None or device.dev_eui != eui:
                    device = Device(eui, same(owner), same(model), params=mapping(params))
                from_ms, to_ms, mount, watched, kind, lat, lon, properties = rest
                if from_ms is None:
                    yield Place(device, None, None)
                    continue
                asset = Asset(watched, device.organisation, same(kind), "", lat, lon, mapping(properties))
                yield Place(device, asset, Installation(device.dev_eui, watched, at(from_ms), to_ms, mapping(mount)))

    def close(self) -> None:
        self._db.close()
