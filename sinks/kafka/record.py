"""A message as a record of the topic `uplinks`, and back.

    key        the device, where it can be told without reading the message; else the source
    value      the body, without secrets (`sinks.redact`), otherwise untouched
    headers    source, network, topic, flags (with spaces between), arrived_ns (decimal)

One device's messages have one key, so they stay in one partition and in their order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from zlib import crc32

from sinks.model import Entry, Envelope

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a body that are kept. No reading is as long: all that is longer than 1 MiB ends as a dead letter."""
_PARTITION_BITS: Final = 40
_LOOK_BYTES: Final = 1024
_EUI: Final = re.compile(rb'"dev_?eui"\s*:\s*"([0-9a-f]{16})"', re.IGNORECASE)
_DEVICE: Final = re.compile(r"/devices?/([^/?#]+)")

Headers = Sequence[tuple[str, bytes]]


def key(envelope: Envelope) -> bytes:
    """The DevEUI from the beginning of the body, where network servers say it; else the device of the topic."""
    found = _EUI.search(envelope.body, 0, _LOOK_BYTES)
    if found is not None:
        return found[1].lower()
    named = _DEVICE.search(envelope.topic) if envelope.topic else None
    return _bytes(named[1] if named is not None else envelope.source)


def partition(key_: bytes, partitions: int) -> int:
    """Where records of this key go: CRC-32, as librdkafka does it, so that other producers can keep to it."""
    return crc32(key_) % partitions


def headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """Everything of the envelope but its body; what is unknown is left out."""
    known = [("source", _bytes(envelope.source)), ("arrived_ns", b"%d" % envelope.arrived_ns)]
    if envelope.topic is not None:
        known.append(("topic", _bytes(envelope.topic)))
    if envelope.network is not None:
        known.append(("network", _bytes(envelope.network)))
    if envelope.flags:
        known.append(("flags", _bytes(" ".join(envelope.flags))))
    return known


def envelope(value: bytes | None, headers_: Headers, appended_ms: int) -> Envelope:
    """The envelope of a record. Another program's may lack headers: then the broker's time is that of arrival."""
    known = {name: _text(text) for name, text in headers_}
    arrived = known.get("arrived_ns", "")
    return Envelope(
        known.get("source", "kafka"),
        known.get("network"),
        known.get("topic"),
        value or b"",
        int(arrived) if arrived.isascii() and arrived.isdecimal() and len(arrived) < 20 else appended_ms * 1_000_000,
        tuple(known.get("flags", "").split()),
    )


def offset(partition_: int, position: int) -> int:
    """One number for partition and offset, so that it names one message of the whole journal."""
    return partition_ << _PARTITION_BITS | position


def place(offset_: int) -> tuple[int, int]:
    """Partition and offset of a number that `offset` made."""
    return offset_ >> _PARTITION_BITS, offset_ & (1 << _PARTITION_BITS) - 1


def entry(partition_: int, position: int, envelope_: Envelope) -> Entry:
    """The message at this place."""
    return Entry(offset(partition_, position), envelope_)


def entries(found: Sequence[Any]) -> list[Entry]:
    """The messages of these records of a consumer."""
    return [entry(one.partition, one.offset, envelope(one.value, one.headers, one.timestamp)) for one in found]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
