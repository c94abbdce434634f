"""Sparkplug's protobuf, written by hand: what its publishers put on the wire."""

from __future__ import annotations

import struct


def varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def whole(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number)


def text(field: int, said: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(said)) + said


def real(field: int, number: float) -> bytes:
    return varint(field << 3 | 5) + struct.pack("<f", number)


def double(field: int, number: float) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d", number)


def metric(name: str = "", *more: bytes, alias: int | None = None, time_ms: int | None = None, kind: int = 0) -> bytes:
    """A metric with its value among `more`."""
    head = text(1, name.encode()) if name else b""
    head += whole(2, alias) if alias is not None else b""
    head += whole(3, time_ms) if time_ms is not None else b""
    head += whole(4, kind) if kind else b""
    return text(2, head + b"".join(more))


def payload(*metrics: bytes, time_ms: int = 1795558366799, seq: int = 3) -> bytes:
    return whole(1, time_ms) + b"".join(metrics) + whole(3, seq)
