"""Frames as the two network servers publish them: the same keys, and the same omissions, as in recorded messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from ingest.networks.chirpstack import KEY as CHIRPSTACK
from ingest.networks.things_stack import KEY as THINGS_STACK
from ingest.simulate.transmission import Transmission

from . import chirpstack, things_stack

Wrap = Callable[[Transmission], tuple[str, object]]
"""`wrap(transmission)`: MQTT topic and JSON value."""

WRAPPERS: Final[Mapping[str, Wrap]] = {
    THINGS_STACK: things_stack.wrap,
    CHIRPSTACK: chirpstack.wrap,
}


def wrap(transmission: Transmission) -> tuple[str, bytes]:
    """MQTT topic and body, by the network server of the device."""
    topic, value = WRAPPERS[transmission.station.network](transmission)
    return topic, msgspec.json.encode(value)
