"""CBOR as Ellenex sends it: every way to write the same map says the same, and nothing else is one."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from decoders import Decoded, Kind, find

METRES = st.floats(0, 90, width=32)
MILLIVOLTS = st.integers(0, 60_000)


def decode(payload: bytes) -> Decoded:
    decoder = find("DUS2-L")
    assert decoder
    return decoder.decode(payload, 15, {})


def _pairs(metres: float, millivolts: int) -> bytes:
    return b"\x61D\xfa" + pack(">f", metres) + b"\x61v\x19" + millivolts.to_bytes(2)


@given(METRES, MILLIVOLTS)
def test_a_map_of_definite_and_one_of_indefinite_length_say_the_same(metres: float, millivolts: int) -> None:
    pairs = _pairs(metres, millivolts)
    assert decode(b"\xa2" + pairs) == decode(b"\xbf" + pairs + b"\xff")


@given(METRES, MILLIVOLTS)
def test_a_map_says_what_was_written(metres: float, millivolts: int) -> None:
    (reading,) = decode(b"\xa2" + _pairs(metres, millivolts)).readings
    assert reading.values == {"distance_mm": metres * 1000, "battery_v": millivolts / 1000}


@given(METRES, MILLIVOLTS, st.data())
def test_a_part_of_a_map_says_nothing(metres: float, millivolts: int, data: st.DataObject) -> None:
    whole = b"\xa2" + _pairs(metres, millivolts)
    part = whole[: data.draw(st.integers(1, len(whole) - 1))]
    assert decode(part).kind is Kind.ERROR


@given(st.binary(max_size=64))
def test_any_bytes_behind_the_head_of_a_map_are_read_or_refused(rest: bytes) -> None:
    assert decode(b"\xbf" + rest).kind in {Kind.TELEMETRY, Kind.STATUS, Kind.ERROR}
