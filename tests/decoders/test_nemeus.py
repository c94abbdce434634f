"""Two formats of one device: a frame is read as the one that it was written in."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from decoders import Decoded, find

DISTANCES = st.lists(st.tuples(st.integers(1, 600), st.integers(-60, 127)), min_size=1, max_size=10)


def decode(payload: bytes) -> Decoded:
    decoder = find("NIS-UL")
    assert decoder
    return decoder.decode(payload, 1, {})


def _arrays(measured: list[tuple[int, int]]) -> bytes:
    distances = b"".join(pack(">H", distance) for distance, _ in measured)
    return distances + b"".join(pack(">b", celsius) for _, celsius in measured)


def _said(decoded: Decoded) -> list[tuple[float | None, float | None]]:
    return [(reading.values["distance_mm"], reading.values["temperature_c"]) for reading in decoded.readings]


@given(DISTANCES)
def test_distances_and_temperatures_are_the_same_in_both_formats(measured: list[tuple[int, int]]) -> None:
    new = decode(b"\x8b" + bytes([len(measured)]) + _arrays(measured))
    old = decode(b"\x85" + bytes([len(measured)]) + _arrays(measured))
    assert _said(new) == _said(old) == [(distance * 10, celsius) for distance, celsius in measured]


@given(DISTANCES)
def test_each_measurement_has_a_channel_of_its_own(measured: list[tuple[int, int]]) -> None:
    channels = [reading.channel for reading in decode(b"\x8b" + bytes([len(measured)]) + _arrays(measured)).readings]
    assert len(set(channels)) == len(measured)
