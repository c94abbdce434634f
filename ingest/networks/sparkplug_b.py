"""Sparkplug B: `spBv1.0/{group}/{type}/{edge node}[/{device}]`, protobuf.

Source: https://sparkplug.eclipse.org/specification/ (3.0.0, chapter 6) and sparkplug_b.proto. A value of zero is on the
wire, for it is one of several; absent is no value.

Names stand in the BIRTH of a node or device; later a metric may be told by its alias alone. A message is read here on
its own, and the BIRTH may have come before we were there, so what has only an alias is refused. Metrics are known by
the last part of their name, when that is a quantity of the vocabulary: `Bin 7/distance_mm`.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from decoders.quantities import QUANTITIES
from sinks.model import Envelope

from . import protobuf
from .clock import epoch
from .contract import Network
from .frame import Frame, event, flagged, readings
from .identity import eui_in_topic
from .model import Outcome, TimeSource, Uplink
from .refusal import Code, Refused

KEY: Final = "sparkplug_b"


class _Metric(Struct, gc=False):
    name: str = ""
    alias: int | None = None
    timestamp: int | None = None
    datatype: int = 0
    is_historical: bool = False
    is_null: bool = False
    int_value: int | None = None
    long_value: int | None = None
    float_value: float | None = None
    double_value: float | None = None
    boolean_value: bool | None = None


class _Payload(Struct, gc=False):
    timestamp: int | None = None
    metrics: list[_Metric] = []


_METRIC: Final[protobuf.Schema] = {
    1: ("name", "text"),
    2: ("alias", "unsigned"),
    3: ("timestamp", "unsigned"),
    4: ("datatype", "unsigned"),
    5: ("is_historical", "bool"),
    7: ("is_null", "bool"),
    10: ("int_value", "unsigned"),
    11: ("long_value", "unsigned"),
    12: ("float_value", "real"),
    13: ("double_value", "real"),
    14: ("boolean_value", "bool"),
}
_PAYLOAD: Final[protobuf.Schema] = {1: ("timestamp", "unsigned"), 2: ("metrics", [_METRIC])}
_TOPIC: Final = re.compile(r"(?:^|/)spBv1\.0/([^/]+)/([ND](?:BIRTH|DATA|DEATH|CMD))/([^/]+)(?:/([^/]+))?$")
_STATE: Final = re.compile(r"(?:^|/)spBv1\.0/STATE/|^STATE/")
_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
"""Of the signed types; their values stand in unsigned fields."""

_ByTime = dict[tuple[int | None, bool], dict[str, float | None]]
"""Values by quantity, by time in milliseconds and whether it is historical."""


def matches(topic: str, value: Any) -> bool:
    """A topic of Sparkplug with bytes under it."""
    return isinstance(value, bytes) and _TOPIC.search(topic) is not None


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The readings of a message, one for each time in it, or what happened to its sender. Raises `Refused`."""
    topic = _TOPIC.search(envelope.topic or "")
    if topic is None:
        raise Refused(Code.UNKNOWN_EVENT, _no_message(envelope.topic or ""))
    group, kind, node, device = topic.groups()
    dev_eui = eui_in_topic(device)
    device_key = None if dev_eui else "/".join(filter(None, (KEY, group, node, device)))
    frame = Frame(dev_eui=dev_eui, device_key=device_key, payload=envelope.body)
    try:
        return _unwrap(kind[1:], _payload(envelope.body, kind), frame, envelope)
    except Refused as refused:
        refused.device = frame.dev_eui or frame.device_key
        raise


def _no_message(topic: str) -> str:
    if _STATE.search(topic):
        return "It is the state of a host application; subscribe to spBv1.0/+/+/# without STATE."
    return "Only the topic says what it is: spBv1.0/group/type/edge node/device."


def _payload(body: bytes, kind: str) -> _Payload:
    try:
        return msgspec.convert(protobuf.message(body, _PAYLOAD), _Payload)
    except msgspec.ValidationError as error:
        raise Refused(Code.BAD_FIELD, f"A field has the wrong type or range: {error}.") from error
    except (ValueError, IndexError, OverflowError) as error:
        raise Refused(Code.NOT_PROTOBUF, f"The body is no {kind} of Sparkplug in protobuf: {error}.") from error


def _unwrap(kind: str, payload: _Payload, frame: Frame, envelope: Envelope) -> list[Uplink]:
    frame.times = [(epoch(payload.timestamp), TimeSource.APPLICATION)]
    if kind == "DEATH":
        return [replace(event(KEY, Outcome.STATUS, frame, envelope), status={"online": False})]
    if kind == "CMD":
        return [event(KEY, Outcome.SENT, frame, envelope)]
    if found := _readings(payload):
        return [
            readings(
                KEY,
                replace(frame, times=[(epoch(time_ms), TimeSource.APPLICATION)]),
                values,
                flagged(envelope, "late") if late else envelope,
            )
            for (time_ms, late), values in found.items()
        ]
    if kind == "BIRTH":
        return [event(KEY, Outcome.JOIN, frame, envelope)]
    raise Refused(Code.NO_VALUE, _nothing(payload))


def _nothing(payload: _Payload) -> str:
    if payload.metrics and not any(metric.name for metric in payload.metrics):
        return (
            "Its metrics have only aliases, whose names came in the BIRTH: let the edge node send names with its data."
        )
    names = ", ".join(metric.name[:40] for metric in payload.metrics[:8])
    return f"No metric's name ends with a quantity of the vocabulary ({names or 'it has none'}), e.g. distance_mm."


def _readings(payload: _Payload) -> _ByTime:
    found: _ByTime = {}
    for metric in payload.metrics:
        quantity = metric.name.rpartition("/")[2]
        if quantity in QUANTITIES:
            time_ms = payload.timestamp if metric.timestamp is None else metric.timestamp
            found.setdefault((time_ms, metric.is_historical), {})[quantity] = _value(metric)
    return found


def _value(metric: _Metric) -> float | None:
    if metric.is_null:
        return None
    if metric.boolean_value is not None:
        return float(metric.boolean_value)
    whole = metric.long_value if metric.int_value is None else metric.int_value
    if whole is not None:
        return float(_signed(whole, metric))
    real = metric.float_value if metric.double_value is None else metric.double_value
    return real if real is not None and math.isfinite(real) else None


def _signed(whole: int, metric: _Metric) -> int:
    """The number that was meant. Without its type (only a BIRTH must have it) one beyond the sign bit is negative."""
    bits = _BITS.get(metric.datatype, 0)
    if metric.datatype == 0:
        bits = 64 if metric.int_value is None else 32
    if not bits:
        return whole
    whole &= 2**bits - 1
    return whole - 2**bits if whole >= 2 ** (bits - 1) else whole


NETWORK: Final = Network(KEY, matches, unwrap)
