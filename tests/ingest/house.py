"""A small town for the tests of this room: places, envelopes and frames that need no server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sinks.model import Asset, Device, Entry, Envelope, Installation, Organisation
from sinks.ports import Place

NOW_NS = 1_780_000_000_000_000_000
NOW_MS = NOW_NS // 1_000_000
ARRIVED_NS = NOW_NS + 2 * 3600 * 1_000_000_000  # messages of some hours may arrive together

BIN_EUI, TREE_EUI, SPARE_EUI = "24e124713b490001", "a84041000181f001", "70b3d57ba0000005"
KEY = "a-key-of-the-registry"
BIN = Asset("of-bin-1", "offenbach", "bin", "Wilhelmsplatz 1", 50.1037, 8.7672, {"capacity_l": 240.0})
TREE = Asset("gi-tree-1", "giessen", "tree", "Linde Seltersweg", 50.5815, 8.6741, {"soil": "loam"})


@dataclass
class Towns:
    """A registry in memory, with the revision that readers watch."""

    places: list[Place] = field(default_factory=list)
    changes: int = 1

    def revision(self) -> int:
        return self.changes

    def organisations(self) -> list[Organisation]:
        return [Organisation("offenbach", "Offenbach"), Organisation("giessen", "Gießen")]

    def devices(self) -> list[Device]:
        return list({place.device.dev_eui: place.device for place in self.places}.values())

    def assets(self) -> list[Asset]:
        return list({place.asset.id: place.asset for place in self.places if place.asset}.values())

    def installations(self) -> list[Installation]:
        return [place.installation for place in self.places if place.installation]

    def iter_places(self) -> Iterator[Place]:
        return iter(self.places)

    def close(self) -> None:
        """Nothing is held."""


def town() -> Towns:
    bin_device = Device(BIN_EUI, "offenbach", "milesight_em400_mud")
    tree_device = Device(TREE_EUI, "giessen", "dragino_lse01")
    spare = Device(SPARE_EUI, "offenbach", "decentlab_dl_mbx")
    mount = {"empty_mm": 3000.0, "full_mm": 1000.0}
    return Towns(
        [
            Place(bin_device, BIN, Installation(BIN_EUI, BIN.id, 0, None, mount)),
            Place(tree_device, TREE, Installation(TREE_EUI, TREE.id, 0, None, {"depth_cm": 30.0})),
            Place(spare, None, None),
        ]
    )


def chirpstack(
    eui: str = BIN_EUI,
    payload: str = "01755c0367340104824408050001",
    f_port: int = 85,
    f_cnt: int = 7,
    frame_id: str = "7f0c6f6e-0000-4000-8000-000000000001",
    time: str = "2026-05-28T20:26:40+00:00",
) -> bytes:
    """A ChirpStack v4 uplink with one gateway, as it comes over MQTT."""
    message = {
        "deduplicationId": frame_id,
        "time": time,
        "deviceInfo": {"tenantId": "t", "applicationId": "a", "deviceName": "d", "devEui": eui, "tags": {}},
        "devAddr": "00112233",
        "adr": True,
        "dr": 5,
        "fCnt": f_cnt,
        "fPort": f_port,
        "confirmed": False,
        "data": base64.b64encode(bytes.fromhex(payload)).decode(),
        "rxInfo": [{"gatewayId": "aabbccddeeff0011", "uplinkId": 1, "nsTime": time, "rssi": -97, "snr": 7.2}],
        "txInfo": {
            "frequency": 868100000,
            "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 7, "codeRate": "CR_4_5"}},
        },
    }
    return json.dumps(message).encode()


def envelope(body: bytes, network: str | None = "chirpstack", flags: Sequence[str] = ()) -> Envelope:
    return Envelope("test", network, None, body, ARRIVED_NS, tuple(flags))


def entries(*bodies: bytes, first: int = 1) -> list[Entry]:
    return [Entry(offset, envelope(body)) for offset, body in enumerate(bodies, first)]
