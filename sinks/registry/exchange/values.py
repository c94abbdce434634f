"""The registry's records as values by column: what both formats write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sinks.model import Asset, Device, Installation
from sinks.registry.forms import Scalar
from sinks.registry.snapshot import Snapshot

from .columns import COLUMNS, PARAMS, Cell, Part
from .lines import format_time

Said = dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class Piece:
    """What one row tells: a device on an asset, a device alone, or an asset alone."""

    device: Device | None
    asset: Asset | None
    installation: Installation | None


def pieces(snapshot: Snapshot) -> Iterator[Piece]:
    """Every installation, every device without one, every asset without one."""
    for place in snapshot.places():
        yield Piece(place.device, place.asset, place.installation)
    watched = {installation.asset_id for installation in snapshot.installations}
    for asset in snapshot.assets:
        if asset.id not in watched:
            yield Piece(None, asset, None)


def device_values(device: Device) -> Said:
    """By column name, parameters among them."""
    return _values(Part.DEVICE, device) | {f"{PARAMS}{name}": value for name, value in sorted(device.params.items())}


def asset_values(asset: Asset) -> Said:
    """By column name."""
    return _values(Part.ASSET, asset)


def installation_values(installation: Installation) -> Said:
    """By column name: beginning, end, mount."""
    return _values(Part.INSTALLATION, installation)


def _values(part: Part, record: Device | Asset | Installation) -> Said:
    said: Said = {}
    for column in COLUMNS.values():
        head, _, tail = column.field.partition(".")
        if part not in column.part.records:
            continue
        value = getattr(record, head)
        value = value.get(tail) if tail else value
        if value not in (None, ""):
            said[column.name] = format_time(value) if column.cell is Cell.TIME else value
    return said
