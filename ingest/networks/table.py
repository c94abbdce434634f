"""The network servers that are understood without any settings. A new one is one module and one line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from . import chirpstack, plain_json, things_stack
from .contract import Network

NETWORKS: Final[Mapping[str, Network]] = {
    network.key: network
    for network in (
        things_stack.NETWORK,
        chirpstack.NETWORK,
    )
}
"""Key to network, in the order in which they are tried on a message of an undeclared source."""


def with_mappings(mappings: Iterable[plain_json.MappingSettings]) -> dict[str, Network]:
    """The table with the operator's plain JSON mappings behind it. Raises `ValueError` for a key used twice."""
    networks = dict(NETWORKS)
    for settings in mappings:
        if settings.key in networks:
            raise ValueError(f"the key {settings.key!r} of a mapping is used twice; give each mapping its own")
        networks[settings.key] = plain_json.network(settings)
    return networks
