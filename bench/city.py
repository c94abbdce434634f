"""The city whose devices send: each bin has one, all registered in bulk as an import does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from sinks.model import Asset, Device, Installation, Organisation
from sinks.storage import Storage

from .load import Network

_CITY = "offenbach"
_MOUNT = {"empty_mm": 3100.0, "full_mm": 900.0}


def dev_eui(network: Network, device: int) -> str:
    """EUI of a device by its number, as `messages.h` makes it: at ChirpStack every second one is an LDDS75."""
    vendor = "a84041" if network == "chirpstack" and device % 2 else "24e124"
    return f"{vendor}{device:010x}"


def model(eui: str) -> str:
    """Key of the decoder that reads this device's frames."""
    return "dragino_ldds75" if eui.startswith("a84041") else "milesight_em400_mud"


def register(storage: Storage, devices: int) -> None:
    """Register all devices of both networks and their probes, each on a bin of its own."""
    networks: tuple[Network, Network] = ("things_stack", "chirpstack")
    euis = sorted({dev_eui(network, device) for network in networks for device in range(devices + 1)})
    with closing(storage.open_registry()) as registry:
        records = [Organisation(_CITY, "Offenbach"), *_records(euis)]
        registry.write([], records, registry.revision())


def _records(euis: list[str]) -> Iterator[Device | Asset | Installation]:
    for number, eui in enumerate(euis):
        yield Device(eui, _CITY, model(eui))
        lat, lon = 50.05 + number // 500 * 0.0005, 8.70 + number % 500 * 0.0005
        yield Asset(f"bin-{eui}", _CITY, "bin", f"Bin {number}", lat, lon, {"capacity_l": 1100.0})
        yield Installation(eui, f"bin-{eui}", 0, None, _MOUNT)
