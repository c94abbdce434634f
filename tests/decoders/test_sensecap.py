from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from decoders import Code, Decoded, find
from decoders.families.sensecap import checksum


def decode(payload: bytes) -> Decoded:
    decoder = find("S2104")
    assert decoder
    return decoder.decode(payload, 1, {})


def framed(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return body + checksum(body).to_bytes(2, "little")


def test_the_checksum_is_that_of_kermit() -> None:
    assert checksum(b"123456789") == 0x2189


@given(st.integers(-40_000, 85_000), st.integers(0, 100_000), st.integers(0, 23_000))
def test_a_frame_says_what_was_put_into_it(temperature: int, moisture: int, conductivity: int) -> None:
    elements = [pack("<BHi", 1, number, raw) for number, raw in ((0x1006, temperature), (0x1007, moisture))]
    decoded = decode(framed(*elements, pack("<BHi", 1, 0x100C, conductivity)))
    assert dict(decoded.readings[0].values) == {
        "soil_temperature_c": temperature / 1000,
        "soil_moisture_pct": moisture / 1000,
        "soil_ec_us_cm": conductivity,
    }


@given(st.integers(0, 15), st.integers(0, 7))
def test_a_bit_that_fell_over_anywhere_refuses_the_frame(at: int, bit: int) -> None:
    frame = bytearray(framed(pack("<BHi", 1, 0x1006, 20_000), pack("<BHi", 1, 0x1007, 30_000)))
    frame[at] ^= 1 << bit
    decoded = decode(bytes(frame))
    assert decoded.issues[0].code is Code.BAD_CHECKSUM
    assert decoded.readings == ()
