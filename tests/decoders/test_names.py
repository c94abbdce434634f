"""A decoder is found by its key, its models' names and other usual spellings."""

from __future__ import annotations

import pytest

from decoders import find


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("EM400-MUD", "milesight_em400_mud"),
        ("em400-tld", "milesight_em400_tld"),
        ("EM400-UDL", "milesight_em400_udl"),
        ("EM310-UDL", "milesight_em310_udl"),
        ("LDDS75", "dragino_ldds75"),
        ("LDDS20", "dragino_ldds75"),
        ("DDS75-LB", "dragino_dds75_lb"),
        ("DDS75-LS", "dragino_dds75_lb"),
        ("LSE01", "dragino_lse01"),
        ("SE01-LB", "dragino_se01_lb"),
        ("DL-MBX", "decentlab_dl_mbx"),
        ("dl-trs12", "decentlab_dl_trs12"),
        ("milesight_em400_mud", "milesight_em400_mud"),
    ],
)
def test_a_name_leads_to_its_decoder(name: str, key: str) -> None:
    decoder = find(name)
    assert decoder is not None
    assert decoder.key == key


def test_an_unknown_name_leads_nowhere() -> None:
    assert find("EM400") is None
