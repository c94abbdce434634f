"""What a message calls its device and the device's type, where a network server sends that along.

    ChirpStack v4      deviceInfo.deviceProfileName, deviceInfo.deviceName
    ChirpStack v3      deviceProfileName, deviceName
    The Things Stack   uplink_message.version_ids (brand_id, model_id), end_device_ids.device_id

These are names that people gave: they may hint at a model, they prove nothing. JSON only.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct, field


class _Info(Struct, rename="camel", gc=False):
    device_profile_name: str = ""
    device_name: str = ""


class _Version(Struct, gc=False):
    brand_id: str = ""
    model_id: str = ""


class _Up(Struct, gc=False):
    version_ids: _Version | None = None


class _Ids(Struct, gc=False):
    device_id: str = ""


class _Message(Struct, gc=False):
    device_info: _Info | None = field(name="deviceInfo", default=None)
    device_profile_name: str = field(name="deviceProfileName", default="")
    device_name: str = field(name="deviceName", default="")
    end_device_ids: _Ids | None = None
    uplink_message: _Up | None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message)


def names(body: bytes) -> dict[str, str]:
    """What kind of name it is, to the name; the most telling first. Empty for whatever says none. Never raises."""
    try:
        said = _MESSAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    info = said.device_info or _Info(said.device_profile_name, said.device_name)
    version = said.uplink_message.version_ids if said.uplink_message is not None else None
    ids = said.end_device_ids
    found = {
        "version_ids": f"{version.brand_id} {version.model_id}".strip() if version is not None else "",
        "device profile": info.device_profile_name,
        "device name": info.device_name or (ids.device_id if ids is not None else ""),
    }
    return {kind: name for kind, name in found.items() if name}
