"""Kerlink Wanesy Management Center 3: HTTP push (`/dataUp`, `/dataDownEvent`), MQTT, and lists of its REST API.

Source: https://wikikerlink.fr/wanesy-ran/doku.php?id=wiki:wiki3:api_migration_guide (PushDataUpDto, GatewayInfoDto).
Nothing is dropped when it is zero; unknown is null or absent, and of the three levels of detail only "network" has
gateways. `gwCnt` counts antennas.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import epoch
from .contract import Network
from .frame import Frame, event, flagged, uplink
from .identity import eui, eui_in_topic, gateway_id
from .model import Outcome, TimeSource, Uplink
from .parts import each
from .radio import Counter, Level, Port, spreading_factor
from .refusal import Code, Refused, base64_bytes, hex_bytes, read

KEY: Final = "wanesy"


class _Device(Struct, gc=False, rename="camel"):
    dev_eui: str | None = None
    dev_addr: str | None = None


class _Gateway(Struct, gc=False, rename="camel"):
    gw_eui: str = ""
    rssi: Level | None = None
    snr: Level | None = None


class _Message(Struct, gc=False, rename="camel"):
    """An uplink, or with `data_down_id` the fate of a downlink. Some releases write fport and fcntUp too."""

    id: str | None = None
    end_device: _Device | None = None
    f_port: Port | None = None
    fport: Port | None = None
    f_cnt_up: Counter | None = None
    fcnt_up: Counter | None = None
    encrypted: bool | None = None
    payload: str | None = None
    encoding_type: str | None = None
    recv_time: float | None = None
    gw_recv_time: float | None = None
    delayed: bool | None = None
    data_rate: str | None = None
    gw_info: list[_Gateway] | None = None
    data_down_id: str | None = None
    event: str | None = None
    status: str | None = None
    timestamp: float | None = None


class _Page(Struct):
    items: list[msgspec.Raw] = msgspec.field(name="list")


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_PARTS: Final = msgspec.json.Decoder(_Page | list[msgspec.Raw])
_NAMELESS: Final = "The message has no endDevice.devEui; push dataUp at any level of detail to have it."
_NAMELESS_DOWNLINK: Final = "The fate of a downlink comes without a device; push only dataUp here."
_SIGNS: Final = frozenset({"recvTime", "gwInfo", "gwCnt", "fCntUp", "fcntUp", "encodingType", "dataDownId"})


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 the keys say it
    """`endDevice` beside a key of an uplink, a downlink's `dataDownId`, or a page of the REST API with such."""
    if isinstance(value, dict) and isinstance(value.get("list"), list):
        value = value["list"]
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return False
    return "dataDownId" in value or (isinstance(value.get("endDevice"), dict) and not _SIGNS.isdisjoint(value))


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The frame or event of a message, or all of a list. Raises `Refused`."""
    if envelope.body.startswith(b"["):
        return each(envelope, _parts(envelope.body), _single)
    if b'"list"' in envelope.body and b'"totalCount"' in envelope.body:
        return each(flagged(envelope, "backfill"), _parts(envelope.body), _single)
    return _single(envelope)


def _parts(body: bytes) -> list[bytes]:
    found = read(_PARTS, body)
    return [bytes(part) for part in (found.items if isinstance(found, _Page) else found)]


def _single(envelope: Envelope) -> list[Uplink]:
    message = read(_MESSAGE, envelope.body)
    device = message.end_device or _Device()
    dev_eui = eui(device.dev_eui) if device.dev_eui else eui_in_topic(envelope.topic)
    if dev_eui is None:
        raise Refused(Code.NO_DEVICE, _NAMELESS if message.data_down_id is None else _NAMELESS_DOWNLINK)
    try:
        if message.data_down_id is not None:
            return [_downlink(message, dev_eui, envelope)]
        return [_uplink(message, dev_eui, envelope)]
    except Refused as refused:
        refused.device = dev_eui
        raise


def _uplink(message: _Message, dev_eui: str, envelope: Envelope) -> Uplink:
    f_port = message.fport if message.f_port is None else message.f_port
    payload = _payload(message)
    if message.encrypted and payload and f_port != 0:
        raise Refused(Code.ENCRYPTED, "The payload is still encrypted: give the cluster the AppSKey of its devices.")
    frame = Frame(
        dev_eui=dev_eui,
        f_port=f_port,
        f_cnt=message.fcnt_up if message.f_cnt_up is None else message.f_cnt_up,
        payload=payload,
        times=_times(message),
        rows=[(gateway_id(row.gw_eui), row.rssi, row.snr) for row in message.gw_info or ()],
        spreading_factor=spreading_factor(message.data_rate),
        session=message.end_device.dev_addr if message.end_device is not None else None,
        frame_id=message.id,
    )
    return uplink(KEY, frame, flagged(envelope, "late") if message.delayed else envelope)


def _payload(message: _Message) -> bytes:
    if not message.payload:
        return b""
    if message.encoding_type in {None, "HEXA"}:
        return hex_bytes(message.payload)
    if message.encoding_type == "BASE64":
        return base64_bytes(message.payload)
    raise Refused(Code.BAD_PAYLOAD, f"encodingType {str(message.encoding_type)[:20]!r} is neither HEXA nor BASE64.")


def _times(message: _Message) -> list[tuple[int | None, TimeSource]]:
    """A gateway that buffered frames while it was off line knows when it heard one; the server only when it came."""
    server = (epoch(message.recv_time), TimeSource.NETWORK)
    gateway = (epoch(message.gw_recv_time), TimeSource.GATEWAY)
    return [gateway, server] if message.delayed else [server, gateway]


def _downlink(message: _Message, dev_eui: str, envelope: Envelope) -> Uplink:
    said = f"{message.event or 'unknown event'} {message.status or ''}".strip()
    if message.status not in {None, "OK"}:
        outcome = Outcome.FAILED
    else:
        outcome = Outcome.ACK if "ACK" in said.upper() else Outcome.SENT
    frame = Frame(
        dev_eui=dev_eui,
        times=[(epoch(message.timestamp), TimeSource.NETWORK)],
        session=message.end_device.dev_addr if message.end_device is not None else None,
        frame_id=message.data_down_id,
    )
    found = event(KEY, outcome, frame, envelope)
    return replace(found, reason=f"downlink: {said}") if outcome is Outcome.FAILED else found


NETWORK: Final = Network(KEY, matches, unwrap)
