"""The simulated fleet: which device stands where. The same for every seed, so that a second start finds it again."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Final

from ingest.networks import chirpstack, things_stack
from sinks.model import Asset, Device, Installation, Organisation

from .chance import draw, octets
from .pace import EPOCH_S

Scalar = float | str | bool

TABLE: Final = "places.csv"
_PROPERTIES: Final = ("capacity_l", "fraction", "species", "planted", "soil")
_MOUNT: Final = ("empty_mm", "full_mm", "dead_mm", "depth_cm")
_TEXT: Final = {"fraction", "species", "soil"}

ORGANISATIONS: Final = {
    "of": Organisation("offenbach", "Offenbach am Main (Simulation)"),
    "gi": Organisation("giessen", "Gießen (Simulation)"),
}
"""The simulation is named in what the public reads: nobody shall take these values for measured ones."""

NETWORKS: Final = {"offenbach": things_stack.KEY, "giessen": chirpstack.KEY}

_PREFIXES: Final = {"milesight": "24e124", "dragino": "a84041", "decentlab": "70b3d5"}
"""The makers' own address blocks (IEEE), by the first part of the model's key."""


class Role(StrEnum):
    """How a device misbehaves, if it does."""

    SOUND = ""
    BROKEN = "broken"  # sends what its maker sends instead of a distance
    RESTARTS = "restarts"  # joins anew every few frames and counts from 0


@dataclass(frozen=True, slots=True)
class Station:
    """A device on an asset. `interval_s`: simulated seconds between frames; `phase`: when in it, 0 to 1."""

    asset: Asset
    device: Device
    mount: Mapping[str, Scalar]
    role: Role
    interval_s: float
    phase: float

    @property
    def network(self) -> str:
        """Key of the network server that its frames come through."""
        return NETWORKS[self.device.organisation]

    @property
    def installation(self) -> Installation:
        """On its asset since the simulated city was built."""
        return Installation(self.device.dev_eui, self.asset.id, EPOCH_S * 1000, None, self.mount)


@dataclass(frozen=True, slots=True)
class Fleet:
    """`stations` are to be registered, `strangers` send without anybody knowing them. `seed`: of all that is random."""

    seed: int
    organisations: tuple[Organisation, ...]
    stations: tuple[Station, ...]
    strangers: tuple[Station, ...]


def fleet(seed: int = 1) -> Fleet:
    """Offenbach behind The Things Stack and Gießen behind ChirpStack: 40 bins, 30 trees and one stranger."""
    text = files(__package__).joinpath(TABLE).read_text(encoding="utf-8")
    stations = tuple(_station(row) for row in csv.DictReader(text.splitlines()))
    return Fleet(seed, tuple(ORGANISATIONS.values()), stations, (_stranger(stations[0]),))


def _station(row: Mapping[str, str]) -> Station:
    organisation = ORGANISATIONS[row["id"][:2]].id
    kind, model = row["id"].split("-")[1], row["model"]
    place = float(row["lat"]), float(row["lon"])
    asset = Asset(row["id"], organisation, kind, row["name"], *place, _values(row, _PROPERTIES))
    device = Device(_dev_eui(model, row["id"]), organisation, model, f"Sensor {row['id']}")
    interval_s = 1800.0 if kind == "bin" else 3600.0
    return Station(asset, device, _values(row, _MOUNT), Role(row["role"]), interval_s, draw("phase", row["id"]))


def _values(row: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Scalar]:
    return {name: row[name] if name in _TEXT else float(row[name]) for name in names if row[name]}


def _dev_eui(model: str, name: str) -> str:
    return _PREFIXES[model.split("_", 1)[0]] + octets(5, "dev_eui", name).hex()


def _stranger(like: Station) -> Station:
    """A device of the same kind that was switched on before anybody registered it."""
    device = Device(_dev_eui(like.device.model, "stranger"), like.device.organisation, like.device.model)
    return Station(like.asset, device, like.mount, Role.SOUND, like.interval_s, draw("phase", "stranger"))
