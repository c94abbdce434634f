"""The byte stream of an MQTT connection, below the client library: publishes are taken out of it many at a time.

paho reads packet by packet, with two or three system calls and some thirty microseconds each, and acknowledges the
same way; that would be more than all the rest of our work. So the library gets this in place of its socket. It speaks
for us, logs in, subscribes, pings and reconnects; PUBLISH never reaches it, and PUBACKs of many messages leave in one
write, from whichever thread has kept them.

    fixed header: type and flags (1), remaining length (1 to 4) · topic length (2) · topic · packet id (2, QoS 1)
    · in MQTT 5 length (1 to 4) and properties · payload

Sources: MQTT 3.1.1 (OASIS, 2014) and MQTT 5.0 (OASIS, 2019), sections 2.1, 3.3 and 3.4.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

READ: Final = 256 * 1024
"""Bytes read at once: some hundred messages, so that the next thread has to be woken once for all of them."""
_PUBLISH: Final = 0x30
_QOS: Final = 0x06
_QOS_1: Final = 0x02
_PUBACK: Final = b"\x40\x02"
_AT_ONCE: Final = getattr(socket, "TCP_QUICKACK", None)
"""Linux alone has it."""
_IP: Final = (socket.AF_INET, socket.AF_INET6)
_NOT_NOW: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Publish(NamedTuple):
    """One message of the stream. `flags`: low four bits of the header: duplicate 8, QoS 6, retained 1.

    `packet_id`: what acknowledges it, None with QoS 0.
    """

    flags: int
    topic: str
    payload: bytes
    packet_id: bytes | None


class Malformed(ConnectionError):
    """These bytes are no MQTT. The connection cannot be used any more: nobody knows where the next packet begins."""


class Stream:
    """Looks like a connected socket to the library. One thread reads; any thread may write.

    An acknowledgement belongs to this connection: after `close` it goes nowhere, because on the next one the same
    packet id may mean another message.
    """

    def __init__(self, connection: SocketLike, taken: Callable[[Stream, list[Publish]], None], *, five: bool) -> None:
        """`taken` is handed all publishes of a read, in order, by the reading thread. `five`: MQTT 5."""
        self._connection = connection
        self._tcp = connection if isinstance(connection, socket.socket) and connection.family in _IP else None
        self._taken = taken
        self._five = five
        self._lock = Lock()  # one TLS connection must not be used by two threads at once
        self._begun = b""
        self._missing = 0
        self._rest_for_library = b""
        self._unsent = bytearray()
        self._is_closed = False

    def recv(self, size: int) -> bytes:
        """Bytes of everything but publishes. Raises `BlockingIOError` when there are none now, `Malformed`."""
        if not self._rest_for_library:
            with self._lock:
                data = self._connection.recv(max(READ, self._missing))
                self._acknowledge_at_once()
            if not data:
                return b""
            publishes, self._rest_for_library, self._begun, self._missing = cut(self._begun + data, five=self._five)
            if publishes:
                self._taken(self, publishes)
            if not self._rest_for_library:
                raise BlockingIOError
        given, self._rest_for_library = self._rest_for_library[:size], self._rest_for_library[size:]
        return given

    def _acknowledge_at_once(self) -> None:
        """Let TCP say now that it has these bytes; it forgets the wish with each read.

        A broker that is not told otherwise (Mosquitto) holds a small packet back until those before it are
        acknowledged, and a receiver takes its time for that: messages came 2 ms late, the last hundredth 5 to 20 ms.
        """
        if self._tcp is not None and _AT_ONCE is not None:
            self._tcp.setsockopt(socket.IPPROTO_TCP, _AT_ONCE, 1)

    def pending(self) -> int:
        """Bytes that wait here, where `select` does not see them."""
        waiting = self._connection.pending() if isinstance(self._connection, ssl.SSLSocket) else 0
        return len(self._rest_for_library) + waiting

    def send(self, data: bytes) -> int:
        """Take all of it; what the network does not take now is written with the next `send` or `flush`."""
        with self._lock:
            self._unsent += data
        self.flush()
        return len(data)

    def acknowledge(self, packet_ids: Sequence[bytes]) -> None:
        """One PUBACK each, in this order."""
        try:
            self.send(b"".join([_PUBACK + packet_id for packet_id in packet_ids]))
        except OSError:
            return  # the connection is lost: the broker sends these messages again

    def flush(self) -> None:
        """Write what is left. Raises `OSError` when the connection is lost."""
        with self._lock:
            while self._unsent and not self._is_closed:
                try:
                    del self._unsent[: self._connection.send(self._unsent)]
                except _NOT_NOW:
                    return

    def fileno(self) -> int:
        """For `select`."""
        return self._connection.fileno()

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 a socket's method
        """As of the socket below."""
        self._connection.setblocking(flag)

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._is_closed = True
            self._connection.close()


def cut(data: bytes, *, five: bool) -> tuple[list[Publish], bytes, bytes, int]:
    """All whole packets: the publishes, the others as they came, the begun rest, and how many bytes that needs more.

    Raises `Malformed`.
    """
    publishes: list[Publish] = []
    others = b""
    at, end = 0, len(data)
    missing = 0
    while end - at >= 2:
        length, body = data[at + 1], at + 2
        if length & 0x80:
            length, body = _variable_length(data, at + 1, end)
            if not body:
                break
        after = body + length
        if after > end:
            missing = after - end
            break
        first = data[at]
        if first & 0xF0 == _PUBLISH:
            publishes.append(_publish(first, data, body, after, five=five))
        else:
            others += data[at:after]
        at = after
    return publishes, others, data[at:], missing


def _publish(first: int, data: bytes, at: int, after: int, *, five: bool) -> Publish:
    qos = first & _QOS
    topic_end = at + 2 + (data[at] << 8 | data[at + 1]) if after - at >= 2 else after + 1
    payload = topic_end + 2 if qos else topic_end
    if five:
        length, begin = _variable_length(data, payload, after)
        payload = begin + length if begin else after + 1
    if payload > after or qos > _QOS_1:
        raise Malformed("a PUBLISH that is cut off, or has a QoS that was not asked for")
    topic = data[at + 2 : topic_end].decode(errors="replace")
    return Publish(first & 0x0F, topic, data[payload:after], data[topic_end : topic_end + 2] if qos else None)


def _variable_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Value and the place behind it; (0, 0) when it is not all before `end`. Section 2.2.3 (3.1.1), 1.5.5 (5.0)."""
    value = 0
    for n, byte in enumerate(data[at : min(at + 4, end)]):
        value |= (byte & 0x7F) << (7 * n)
        if not byte & 0x80:
            return value, at + n + 1
    if end - at >= 4:
        raise Malformed("a length of more than four bytes")
    return 0, 0
