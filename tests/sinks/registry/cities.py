"""Two cities with a bin, a tree and their devices."""

from __future__ import annotations

from sinks.model import Asset, Device, Organisation
from sinks.registry.store import SqlRegistry

OFFENBACH = Organisation("offenbach", "Stadt Offenbach am Main")
GIESSEN = Organisation("giessen", "Universitätsstadt Gießen")
SENSOR = Device("24e124713d090011", "offenbach", "milesight_em400_mud")
SPARE = Device("24e124713d090012", "offenbach", "milesight_em400_mud")
PROBE = Device("a840410001861042", "offenbach", "dragino_lse01")
FOREIGN = Device("a840410001857c21", "giessen", "dragino_ldds75")
BIN = Asset("of-bin-001", "offenbach", "bin", "Marktplatz 1", 50.10545, 8.76438, {"capacity_l": 120.0})
TREE = Asset("of-tree-001", "offenbach", "tree", "Winterlinde", 50.10431, 8.75973, {"species": "Tilia cordata"})
MOUNT = {"empty_mm": 950.0, "full_mm": 150.0}
MAY = 1_777_586_400_000
DAY = 86_400_000


def settle(registry: SqlRegistry) -> None:
    """Put all of them into the registry; nothing is installed yet."""
    for organisation in (OFFENBACH, GIESSEN):
        registry.add_organisation(organisation)
    for device in (SENSOR, SPARE, PROBE, FOREIGN):
        registry.add_device(device)
    for asset in (BIN, TREE):
        registry.add_asset(asset)
