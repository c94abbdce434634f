"""A broker that checks nothing: it hands on publishes that a real one refuses, to the one client that listens.

MQTT 3.1.1 (OASIS, 2014), as much of it as a subscriber needs; packets of a client are shorter than 128 bytes here.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

from tests.servers.process import HOST

_CONNECT, _PUBACK, _SUBSCRIBE, _PINGREQ = 0x10, 0x40, 0x80, 0xC0


def publish(packet_id: int, topic: bytes, body: bytes) -> bytes:
    """A PUBLISH with QoS 1, whatever the topic is."""
    rest = len(topic).to_bytes(2, "big") + topic + packet_id.to_bytes(2, "big") + body
    size, length = len(rest), b""
    while size > 127:
        size, low = divmod(size, 128)
        length += bytes([low | 128])
    return b"\x32" + length + bytes([size]) + rest


@contextmanager
def handing_on(packets: Sequence[bytes]) -> Iterator[tuple[int, list[int]]]:
    """Sends these packets when a client has subscribed. Gives the port, and the packet ids that it acknowledges."""
    acknowledged: list[int] = []
    with socket.create_server((HOST, 0)) as listener:
        thread = Thread(target=_serve, args=(listener, packets, acknowledged))
        thread.start()
        yield listener.getsockname()[1], acknowledged
        thread.join(30)


def _serve(listener: socket.socket, packets: Sequence[bytes], acknowledged: list[int]) -> None:
    """One connection, to its end."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as stream:
        while head := stream.read(2):
            body, kind = stream.read(head[1]), head[0] & 0xF0
            if kind == _CONNECT:
                connection.sendall(b"\x20\x02\x00\x00")
            elif kind == _SUBSCRIBE:
                connection.sendall(b"\x90\x04" + body[:2] + b"\x01\x01" + b"".join(packets))
            elif kind == _PUBACK:
                acknowledged.append(int.from_bytes(body, "big"))
            elif kind == _PINGREQ:
                connection.sendall(b"\xd0\x00")
