"""The network servers that are understood without any settings. A new one is one module and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import (
    aws_iot,
    chirpstack,
    chirpstack_v3,
    everynet,
    helium,
    kpn_senml,
    live_objects,
    loriot,
    machineq,
    milesight_gateway,
    netmore,
    orbiwise,
    plain_json,
    sparkplug_b,
    tasmota,
    tektelic,
    thingpark,
    things_stack,
    ttn_v2,
    wanesy,
)
from .contract import Network

NETWORKS: Final[Mapping[str, Network]] = {
    network.key: network
    for network in (
        things_stack.NETWORK,
        milesight_gateway.NETWORK,
        chirpstack_v3.NETWORK,
        chirpstack.NETWORK,
        ttn_v2.NETWORK,
        machineq.NETWORK,
        thingpark.NETWORK,
        loriot.NETWORK,
        helium.NETWORK,
        wanesy.NETWORK,
        netmore.NETWORK,
        aws_iot.NETWORK,
        kpn_senml.NETWORK,
        live_objects.NETWORK,
        tektelic.NETWORK,
        orbiwise.NETWORK,
        everynet.NETWORK,
        sparkplug_b.NETWORK,
        tasmota.NETWORK,
    )
}
"""Key to network, in the order in which they are tried on a message of an undeclared source."""


def with_mappings(mappings: Mapping[str, plain_json.MappingSettings]) -> dict[str, Network]:
    """The table with the operator's plain JSON mappings behind it. Raises `ValueError` for the name of a server."""
    if taken := mappings.keys() & NETWORKS.keys():
        raise ValueError(f"{', '.join(sorted(taken))} is the name of a network server; give the mapping another")
    return dict(NETWORKS) | {key: plain_json.network(key, settings) for key, settings in mappings.items()}
