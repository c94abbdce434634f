"""The network servers that are understood without any settings. A new one is one module and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import chirpstack, things_stack
from .contract import Network

NETWORKS: Final[Mapping[str, Network]] = {
    network.key: network
    for network in (
        things_stack.NETWORK,
        chirpstack.NETWORK,
    )
}
"""Key to network, in the order in which they are tried on a message of an undeclared source."""
