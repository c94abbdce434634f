"""A decoder is found by its key, its models' names and other usual spellings."""

from __future__ import annotations

import subprocess
import sys

import pytest

from decoders import all_decoders, find


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
        ("EM411-RDL", "milesight_em410_rdl"),
        ("EM500-SMT", "milesight_em500_smtc"),
        ("LLDS12", "dragino_lds12_lb"),
        ("LDDS04", "dragino_dds04_lb"),
        ("LMDS200", "dragino_mds200_lb"),
        ("GroPoint Air", "dragino_gropoint_air"),
        ("DF703", "dingtek_df702"),
        ("DC413", "dingtek_dc410"),
        ("elt-ultrasonic", "elsys_elt_2"),
        ("S2105", "sensecap_s2104"),
        ("Sensoneo Single v3", "sensoneo_single"),
        ("TEK 766", "tekelek_tek766"),
        ("Brighter Bins", "smartends_brighterbins"),
        ("Pepperl+Fuchs WILSEN.sonic.level", "pepperl_fuchs_wilsen_sonic_level"),
        ("VEGAPULS Air 41/42", "vega_vegapuls_air"),
        ("R900PB02O1", "netvox_r900pb02"),
        ("RA07xx", "netvox_ra07"),
        ("Lev'O", "watteco_levo"),
        ("ELV-LW-INT1 + SoMo", "elv_lw_int1"),
        ("CUBE02", "sensefarm_cube"),
        ("milesight_em400_mud", "milesight_em400_mud"),
    ],
)
def test_a_name_leads_to_its_decoder(name: str, key: str) -> None:
    decoder = find(name)
    assert decoder is not None
    assert decoder.key == key


def test_an_unknown_name_leads_nowhere() -> None:
    assert find("EM400") is None


@pytest.mark.parametrize("name", ["em400 mud", "EM400MUD", "Milesight EM400-MUD", "milesight em400_mud"])
def test_signs_spaces_case_and_the_vendor_make_no_difference(name: str) -> None:
    found = find(name)
    assert found is not None
    assert found.key == "milesight_em400_mud"


def test_every_model_is_found_by_vendor_and_model() -> None:
    for decoder in all_decoders().values():
        for model in decoder.models:
            assert find(f"{decoder.vendor} {model}") is decoder


def test_half_a_name_is_no_name() -> None:
    assert [find(name) for name in ("em400", "milesight", "", "-", "mud")] == [None] * 5


def test_a_key_leads_to_its_decoder_and_loads_no_other() -> None:
    program = (
        "import sys; from decoders import all_decoders, find; found = find('milesight_em400_mud');"
        " print(found.key, 'decoders.devices.dragino_ldds75' in sys.modules, all_decoders()[found.key] is found)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["milesight_em400_mud", "False", "True"]
