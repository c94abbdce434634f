"""OrbiWise OrbiWAN: pushed uplinks (bare, or below `payloads_ul`) and the answers of its REST API.

Source: https://github.com/scriptrdotio/orbiwise and messages in public repositories. Zeros are written; a missing
number is unknown. `id` is the reception in milliseconds since 1970. The server keeps payloads, so that a poll catches
up (`live` false).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from sinks.model import Envelope

from .clock import epoch, parse
from .contract import Network
from .frame import Frame, flagged, uplink
from .identity import eui, eui_in_topic, gateway_id
from .model import TimeSource, Uplink
from .parts import each
from .radio import Counter, Level, Port, Row, SpreadingFactor
from .refusal import Code, Refused, base64_bytes, hex_bytes, read

KEY: Final = "orbiwise"


class _Gateway(Struct, gc=False):
    gtw_id: str = ""
    rssi: Level | None = None
    snr: Level | None = None


class _Up(Struct, gc=False):
    deveui: str | None = None
    devaddr: int | str | None = None
    id: int | None = None
    timestamp: str | None = None
    live: bool | None = None
    decrypted: bool | None = None
    data_frame: str | None = msgspec.field(default=None, name="dataFrame")
    data_format: str | None = None
    fcnt: Counter | None = None
    port: Port | None = None
    sf_used: SpreadingFactor | None = None
    rssi: Level | None = None
    snr: Level | None = None
    gtw_info: list[_Gateway] | None = None


class _Pushed(Struct, gc=False):
    """The wrapper's name differs from release to release."""

    payloads_ul: msgspec.Raw = msgspec.Raw()
    payload_ul: msgspec.Raw = msgspec.Raw()


_UP: Final = msgspec.json.Decoder(_Up, strict=False)
_PUSHED: Final = msgspec.json.Decoder(_Pushed)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_WRAPPERS: Final = ("payloads_ul", "payload_ul")


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 the keys say it
    """`dataFrame` beside the device or its counter, or one of the wrappers."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return False
    if any(isinstance(value.get(name), dict) for name in _WRAPPERS):
        return True
    return "dataFrame" in value and ("deveui" in value or "fcnt" in value)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The frame of a message, or all of a list. Raises `Refused`."""
    if envelope.body.lstrip().startswith(b"["):
        return each(envelope, [bytes(part) for part in read(_LIST, envelope.body)], _single)
    return _single(envelope)


def _single(envelope: Envelope) -> list[Uplink]:
    pushed = read(_PUSHED, envelope.body)
    up = read(_UP, bytes(pushed.payloads_ul) or bytes(pushed.payload_ul) or envelope.body)
    dev_eui = eui(up.deveui) if up.deveui else eui_in_topic(envelope.topic)
    if dev_eui is None:
        raise Refused(Code.NO_DEVICE, "The uplink has no deveui, and its URL or topic names none.")
    try:
        return [_uplink(up, dev_eui, envelope)]
    except Refused as refused:
        refused.device = dev_eui
        raise


def _uplink(up: _Up, dev_eui: str, envelope: Envelope) -> Uplink:
    if up.decrypted is False and up.data_frame and up.port != 0:
        raise Refused(Code.ENCRYPTED, "The payload is still encrypted: give OrbiWAN the AppSKey of the device.")
    frame = Frame(
        dev_eui=dev_eui,
        f_port=up.port,
        f_cnt=up.fcnt,
        payload=_payload(up),
        times=[(parse(up.timestamp), TimeSource.NETWORK), (epoch(up.id), TimeSource.NETWORK)],
        rows=_rows(up),
        spreading_factor=up.sf_used or None,
        session=_session(up.devaddr),
    )
    return uplink(KEY, frame, flagged(envelope, "late") if up.live is False else envelope)


def _payload(up: _Up) -> bytes:
    if not up.data_frame:
        return b""
    return hex_bytes(up.data_frame) if up.data_format == "hex" else base64_bytes(up.data_frame)


def _rows(up: _Up) -> list[Row]:
    """What stands at the top is the row of the best gateway; it counts where there is no list."""
    if up.gtw_info:
        return [(gateway_id(row.gtw_id), row.rssi, row.snr) for row in up.gtw_info]
    return [("", up.rssi, up.snr)] if up.rssi is not None or up.snr is not None else []


def _session(address: float | str | None) -> str | None:
    """The address is written as a decimal number, by some releases as a text."""
    if isinstance(address, int) and 0 <= address < 2**32:
        return f"{address:08x}"
    return address[:64] if isinstance(address, str) else None


NETWORK: Final = Network(KEY, matches, unwrap)
