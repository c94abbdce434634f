from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.stream import Malformed, Publish, Stream, cut

PINGRESP = b"\xd0\x00"
SUBACK = b"\x90\x03\x00\x01\x01"


def length(value: int) -> bytes:
    """Section 2.2.3: seven bits a byte, the lowest first."""
    rest, low = divmod(value, 128)
    return bytes([low]) if not rest else bytes([low | 128]) + length(rest)


def packet(publish: Publish, *, five: bool, properties: bytes = b"") -> bytes:
    """A PUBLISH as a broker sends it."""
    topic = publish.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic + (publish.packet_id or b"")
    body += (length(len(properties)) + properties if five else b"") + publish.payload
    return bytes([0x30 | publish.flags]) + length(len(body)) + body


@st.composite
def publishes(draw: st.DrawFn) -> Publish:
    qos = draw(st.sampled_from([0, 2]))
    flags = qos | draw(st.sampled_from([0, 1])) | (draw(st.sampled_from([0, 8])) if qos else 0)
    packet_id = draw(st.binary(min_size=2, max_size=2)) if qos else None
    return Publish(
        flags, draw(st.text(st.characters(codec="utf-8"), max_size=40)), draw(st.binary(max_size=300)), packet_id
    )


OTHERS = st.sampled_from([PINGRESP, SUBACK])


@given(packets=st.lists(publishes() | OTHERS), five=st.booleans(), properties=st.binary(max_size=150), data=st.data())
def test_wherever_the_stream_is_cut_every_packet_comes_out_once_and_in_order(
    *, packets: list[Publish | bytes], five: bool, properties: bytes, data: st.DataObject
) -> None:
    sent = b"".join(
        packet(one, five=five, properties=properties) if isinstance(one, Publish) else one for one in packets
    )
    found: list[Publish] = []
    others = begun = b""
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        some, other, begun, _ = cut(begun + sent[:size], five=five)
        found += some
        others += other
        sent = sent[size:]
    assert begun == b""
    assert found == [one for one in packets if isinstance(one, Publish)]
    assert others == b"".join(one for one in packets if isinstance(one, bytes))


@given(data=st.binary(max_size=200), five=st.booleans())
def test_any_bytes_are_packets_a_begun_packet_or_malformed(*, data: bytes, five: bool) -> None:
    try:
        publishes, others, begun, missing = cut(data, five=five)
    except Malformed:
        return
    assert data.endswith(begun)
    assert len(others) + len(begun) + sum(len(one.payload) for one in publishes) <= len(data)
    assert missing >= 0


def test_a_long_message_says_how_much_is_missing() -> None:
    whole = packet(Publish(2, "v3/x", b"." * 1_000_000, b"\0\1"), five=False)
    assert cut(whole[:10_000], five=False) == ([], b"", whole[:10_000], len(whole) - 10_000)


@pytest.mark.parametrize(
    ("data", "five"),
    [
        (b"\x32\x02\x00\x09", False),  # the topic ends behind the packet
        (b"\x30\x01\x00", False),  # no room for a topic length
        (b"\x32\x03\x00\x01a", False),  # no room for the packet id
        (b"\x34\x05\x00\x01a\x00\x01", False),  # QoS 2, which was not asked for
        (b"\x32\x05\x00\x01a\x00\x01", True),  # no room for the properties
        (b"\x32\x06\x00\x01a\x00\x01\x07", True),  # properties that end behind the packet
        (b"\x32\xff\xff\xff\xff\x01", False),  # a length of five bytes
    ],
)
def test_what_cannot_be_a_publish_ends_the_connection(*, data: bytes, five: bool) -> None:
    with pytest.raises(Malformed):
        cut(data, five=five)


def test_a_topic_that_is_no_utf_8_is_kept_and_ends_nothing() -> None:
    found, *_ = cut(b"\x30\x05\x00\x02\xff\xfex", five=False)
    assert found == [Publish(0, "\ufffd\ufffd", b"x", None)]


@pytest.fixture
def broker() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_the_library_reads_everything_but_publishes(broker: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = broker
    taken: list[Publish] = []
    stream = Stream(ours, lambda _, some: taken.extend(some), five=False)
    one, two = (Publish(2, "a", b"%d" % n, b"\0%d" % n) for n in (1, 2))
    theirs.sendall(packet(one, five=False) + SUBACK + packet(two, five=False))
    assert stream.recv(1) + stream.recv(100) == SUBACK
    assert taken == [one, two]
    theirs.sendall(packet(one, five=False))
    with pytest.raises(BlockingIOError):
        stream.recv(1)
    assert taken == [one, two, one]


def test_acknowledgements_leave_in_order_and_together(broker: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = broker
    stream = Stream(ours, lambda *_: None, five=False)
    stream.acknowledge([b"\0\1", b"\0\3", b"\0\2"])
    assert theirs.recv(100) == b"\x40\x02\0\1\x40\x02\0\3\x40\x02\0\2"


def test_what_the_network_does_not_take_is_written_later(broker: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = broker
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    stream = Stream(ours, lambda *_: None, five=False)
    sent = [n.to_bytes(2, "big") for n in range(1, 60_000)]
    stream.acknowledge(sent)
    received = b""
    while len(received) < 4 * len(sent):
        received += theirs.recv(1 << 20)
        stream.flush()
    assert received == b"".join(b"\x40\x02" + packet_id for packet_id in sent)


def test_an_acknowledgement_after_the_end_of_the_connection_goes_nowhere(
    broker: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = broker
    stream = Stream(ours, lambda *_: None, five=False)
    stream.close()
    stream.acknowledge([b"\0\1"])
    assert theirs.recv(100) == b""


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="Linux alone acknowledges at once when asked to")
def test_what_came_over_tcp_is_acknowledged_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as broker:
        ours, _ = server.accept()
        with ours:
            stream = Stream(ours, lambda *_: None, five=False)
            ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
            broker.sendall(PINGRESP)
            assert stream.recv(100) == PINGRESP
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK) == 1
