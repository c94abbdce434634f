"""The Things Network v2 and private stacks of its time: MQTT (`{app}/devices/{device}/up`) and HTTP.

Source: https://www.thethingsnetwork.org/docs/applications/mqtt/api/ (2016 to 2021) and the types of ttn/core v2. A
gateway's RSSI and SNR are left out when they are 0; counter and port never are, so a missing one is unknown.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import parse
from .contract import Network
from .frame import Frame, event, uplink
from .identity import eui, eui_in_topic, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, spreading_factor
from .refusal import Code, Refused, base64_bytes, read

KEY: Final = "ttn_v2"


class _Gateway(Struct, gc=False):
    gtw_id: str = ""
    time: str | None = None
    rssi: Level | None = None
    snr: Level | None = None


class _Metadata(Struct, gc=False):
    time: str | None = None
    modulation: str | None = None
    data_rate: str | None = None
    gateways: list[_Gateway] | None = None


class _Owner(Struct, gc=False):
    app_id: str = ""
    dev_id: str = ""
    hardware_serial: str | None = None
    dev_eui: str | None = None


class _Message(_Owner, gc=False):
    """An uplink, an activation (`dev_eui`, `dev_addr`) or what became of something else (`error`)."""

    dev_addr: str | None = None
    port: Port | None = None
    counter: Counter | None = None
    payload_raw: str | None = None
    metadata: _Metadata | None = None
    error: str | None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_OWNER: Final = msgspec.json.Decoder(_Owner)
_TOPIC: Final = re.compile(r"(?:^|/)([^/]+)/devices/([^/]+)/(up|events/[a-z/]+)$")
_UPLINK: Final = frozenset({"payload_raw", "counter", "metadata"})
_ACTIVATION: Final = frozenset({"app_eui", "dev_eui", "dev_addr", "metadata"})
_EVENTS: Final = {
    "up": Outcome.DATA,
    "events/activations": Outcome.JOIN,
    "events/down/scheduled": Outcome.QUEUED,
    "events/down/sent": Outcome.SENT,
    "events/down/acks": Outcome.ACK,
    "events/up/errors": Outcome.ERROR,
    "events/down/errors": Outcome.ERROR,
    "events/activations/errors": Outcome.ERROR,
}


def matches(topic: str, value: Any) -> bool:
    """The device's two names beside a frame's keys, an activation's keys, or an event's topic."""
    if not isinstance(value, dict):
        return False
    named = "hardware_serial" in value or ("app_id" in value and "dev_id" in value)
    said = _TOPIC.search(topic)
    is_event = said is not None and said[3] in _EVENTS and said[3] != "up"
    return is_event or (named and not _UPLINK.isdisjoint(value)) or value.keys() >= _ACTIVATION


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The one frame or event of a message. Raises `Refused`."""
    try:
        message = read(_MESSAGE, envelope.body)
        frame = _frame(message, envelope.topic)
        outcome = _outcome(message, envelope.topic)
    except Refused as refused:
        refused.device = refused.device or _owner(envelope)
        raise
    if outcome is Outcome.DATA:
        return [uplink(KEY, frame, envelope)]
    found = event(KEY, outcome, frame, envelope)
    return [replace(found, reason=message.error or "unknown error") if outcome is Outcome.ERROR else found]


def _outcome(message: _Message, topic: str | None) -> Outcome:
    """DATA for any uplink, else the event."""
    said = _TOPIC.search(topic) if topic else None
    if said is not None:
        if (outcome := _EVENTS.get(said[3])) is None:
            known = ", ".join(_EVENTS)
            raise Refused(Code.UNKNOWN_EVENT, f"The topic's event {said[3][:40]!r} is not known, only {known}.")
        return outcome
    if message.payload_raw is not None or message.counter is not None or message.port is not None:
        return Outcome.DATA
    if message.dev_addr is not None:
        return Outcome.JOIN
    raise Refused(Code.UNKNOWN_EVENT, "It has neither payload_raw nor counter and port, and its topic names no event.")


def _frame(message: _Message, topic: str | None) -> Frame:
    dev_eui, device_key = _identify(message, topic)
    said = message.metadata or _Metadata()
    gateways = said.gateways or []
    zero = 0.0 if said.modulation in (None, "LORA") else None  # only LoRa has an SNR
    return Frame(
        dev_eui=dev_eui,
        device_key=device_key,
        f_port=message.port,
        f_cnt=message.counter,
        payload=base64_bytes(message.payload_raw) if message.payload_raw else b"",
        times=[(parse(said.time), TimeSource.NETWORK), *((parse(row.time), TimeSource.GATEWAY) for row in gateways)],
        rows=[(_gateway(row), row.rssi or 0.0, zero if row.snr is None else row.snr) for row in gateways],
        spreading_factor=spreading_factor(said.data_rate),
        session=message.dev_addr,
    )


def _gateway(row: _Gateway) -> str:
    """A gateway's EUI, which its name mostly is behind a prefix, else its name."""
    return gateway_id(row.gtw_id.removeprefix("eui-"))


def _identify(owner: _Owner, topic: str | None) -> tuple[str | None, str | None]:
    """EUI, or else a key of application and device."""
    if said := owner.hardware_serial or owner.dev_eui:
        return eui(said), None
    if owner.dev_id:
        return None, f"{owner.app_id}/{owner.dev_id}"
    if named := _TOPIC.search(topic) if topic else None:
        return None, f"{named[1]}/{named[2]}"
    if in_topic := eui_in_topic(topic):
        return in_topic, None
    raise Refused(Code.NO_DEVICE, "The message has no hardware_serial and no dev_id, and its topic names no device.")


def _owner(envelope: Envelope) -> str | None:
    """The device of a message that was refused, if it can be told."""
    try:
        dev_eui, device_key = _identify(read(_OWNER, envelope.body), envelope.topic)
    except Refused:
        return None
    return dev_eui or device_key


NETWORK: Final = Network(KEY, matches, unwrap)
