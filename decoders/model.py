"""What a decoder is and what it gives back.

A decoder turns the bytes of one frame into readings. It is a pure function: the same bytes, port and parameters always
give the same result, and no input makes it raise. What cannot be read becomes an `Issue`, never a number.

What is made for every frame is a named tuple, which costs a third of a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

Params = Mapping[str, float | str | bool]
"""What a frame does not carry but a device's profile knows: an ordered range, a logging interval."""

RECEIVED_MS: Final = "received_ms"
"""The parameter that is filled in with the reception (Unix milliseconds) for a decoder that declares it."""

Decode = Callable[[bytes, int, Params], "Decoded"]
"""`decode(payload, f_port, params)`; must not raise and must not read anything else."""


_NOTHING: Final[Mapping[str, float | str | bool]] = MappingProxyType({})


class Kind(StrEnum):
    """What a frame is about."""

    TELEMETRY = "telemetry"
    ALARM = "alarm"
    HISTORY = "history"
    STATUS = "status"
    CONFIG = "config"
    ERROR = "error"
    UNKNOWN = "unknown"


class Code(StrEnum):
    """Why there is no value. A closed set: each of these may become a metric label.

    The first group refuses a whole frame, the second a single value. Those of a script are of codecs that the operator
    brings: stopped by the limit of time or memory, an error of its own, a result that is none.
    """

    WRONG_PORT = "wrong_port"
    EMPTY = "empty_payload"
    TOO_SHORT = "too_short"
    WRONG_LENGTH = "wrong_length"
    BAD_CHECKSUM = "bad_checksum"
    UNKNOWN_ITEM = "unknown_item"
    UNKNOWN_VARIANT = "unknown_variant"
    MISSING_PARAMETER = "missing_parameter"
    JS_TIMEOUT = "js_timeout"
    JS_MEMORY = "js_memory"
    JS_ERROR = "js_error"
    JS_OUTPUT = "js_output"

    NO_ECHO = "no_echo"
    OUT_OF_RANGE = "out_of_range"
    SENSOR_FAULT = "sensor_fault"
    NOT_CONNECTED = "not_connected"
    NO_SAMPLES = "no_samples"
    NOT_FINITE = "not_finite"


class Reading(NamedTuple):
    """What a device measured at one time on one channel.

    `values`: quantity key (see `decoders.quantities`) to number, or None where an issue says why there is none.
    `time_ms`: Unix milliseconds of the device's own clock, None when the frame carries no time.
    `channel`: what tells several probes apart, e.g. a depth in cm as text; None for a device with one probe.
    `age_ms`: how long before the reception it was measured, of a reading that is sent again in later frames; 0 for the
    newest, None for an earlier one of which the frame does not say how old it is.
    """

    values: Mapping[str, float | None]
    time_ms: int | None = None
    channel: str | None = None
    age_ms: int | None = 0


class Event(NamedTuple):
    """Something that happened, said by the device itself: an alarm, a reset, a tilt."""

    code: str
    data: Mapping[str, float | str | bool] = _NOTHING


class Issue(NamedTuple):
    """A refusal with its reason: `field` and `raw` name the value that was refused, None for a whole frame."""

    code: Code
    field: str | None = None
    raw: int | float | str | None = None
    detail: str = ""


class Decoded(NamedTuple):
    """All that one frame says.

    `status`: the device's own condition (battery, firmware, serial number), by quantity key where there is one.
    `unparsed`: the tail that could not be read; where there is one, an issue says why.
    """

    kind: Kind
    readings: tuple[Reading, ...] = ()
    status: Mapping[str, float | str | bool] = _NOTHING
    events: tuple[Event, ...] = ()
    issues: tuple[Issue, ...] = ()
    unparsed: bytes = b""


@dataclass(frozen=True, slots=True)
class Decoder:
    """One device model (or a few sold with one wire format) and how to read it.

    `revision` rises with every change of what the same bytes mean, so stored values can be traced to the code that
    made them. `kind`: what it measures, "level" or "soil". `ports`: LoRaWAN fPorts that are read; all others are
    refused. `document`: manual and page. `quantities`: every key that its readings may hold.
    `params`: names a profile may give.
    """

    key: str
    vendor: str
    models: tuple[str, ...]
    kind: str
    ports: tuple[int, ...]
    quantities: tuple[str, ...]
    document: str
    decode: Decode
    aliases: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    revision: int = 1


def refuse(code: Code, payload: bytes, detail: str, raw: float | str | None = None) -> Decoded:
    """A frame that gives no values: the reason, and all of its bytes unparsed."""
    return Decoded(Kind.ERROR, issues=(Issue(code, None, raw, detail),), unparsed=payload)
