from __future__ import annotations

from itertools import permutations
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decoders import Decoded, find

WORDS = st.integers(0, 0xFFFF)


def decode(*items: bytes) -> Decoded:
    decoder = find("milesight_em400_mud")
    assert decoder
    return decoder.decode(b"".join(items), 85, {})


def said(decoded: Decoded) -> tuple[object, ...]:
    issues = sorted((str(issue.field), issue.code, issue.raw) for issue in decoded.issues)
    return decoded.kind, [dict(one.values) for one in decoded.readings], dict(decoded.status), issues, decoded.unparsed


@given(st.integers(0, 0xFF), WORDS, WORDS, st.integers(0, 0xFF))
def test_a_frame_in_the_usual_order_says_what_it_says_in_any_other(
    battery: int, temperature: int, distance: int, tilted: int
) -> None:
    items = (
        pack("<2sB", b"\x01\x75", battery),
        pack("<2sH", b"\x03\x67", temperature),
        pack("<2sH", b"\x04\x82", distance),
        pack("<2sB", b"\x05\x00", tilted),
    )
    usual = said(decode(*items))
    assert all(said(decode(*order)) == usual for order in permutations(items))


@pytest.mark.parametrize("payload", ["01755c 03670101 04824408 0500", "01755c 03670101 04824408 06c701"])
def test_a_frame_that_only_begins_like_the_usual_one_gives_no_values(payload: str) -> None:
    assert decode(bytes.fromhex(payload)).readings == ()
