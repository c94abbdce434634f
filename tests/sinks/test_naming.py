from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import decoders
from sinks.naming import named, spellings

KNOWN = spellings(
    {
        "em400-mud": "mud",
        "em400-udl": "udl",
        "milesight_em400_mud": "mud",
        "dds75-lb": "dds75",
        "dds75-3-lb": "dds75_3",
        "ldds75": "ldds75",
        "soil moisture sensor": "soil",
    }
)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("EM400-MUD", "mud"),
        ("em400mud", "mud"),
        ("Milesight EM400-MUD (EU868)", "mud"),
        ("milesight-iot em400-mud", "mud"),
        ("milesight em400-mud", "mud"),
        ("Soil Moisture Sensor", "soil"),
        ("Dragino DDS75-3-LB", "dds75_3"),
        ("ldds75", "ldds75"),
    ],
)
def test_a_text_names_a_model_however_it_is_spelled(text: str, means: str) -> None:
    assert named(text, KNOWN) == {means}


@pytest.mark.parametrize("text", ["", "---", "EM400", "LDDS75-LB", "soil moisture sensor 4", "Eimer 75", "Marktplatz"])
def test_a_text_without_a_model_names_none(text: str) -> None:
    assert named(
        text, spellings({"em400-mud": "mud", "dds75-lb": "dds75", "75": "x", "soil moisture sensor": "y"})
    ) == (frozenset())


def test_a_text_with_two_models_names_both() -> None:
    assert named("EM400-MUD or EM400-UDL", KNOWN) == {"mud", "udl"}


@given(st.text())
def test_any_text_names_known_models_only(text: str) -> None:
    assert named(text, KNOWN) <= set(KNOWN.values())


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("ldds45", {"dragino_ldds75"}),
        ("em500-smt", {"milesight_em500_smtc"}),
        ("dl-pr36ctd", {"decentlab_dl_pr36ctd"}),
        ("r718pe", {"netvox_r718x"}),
        ("elt-ultrasonic", {"elsys_elt_2"}),
        ("sensecaps2104-soil-moisture-temp", {"sensecap_s2104"}),
        ("r718pa22", set()),
        ("ers-co2", set()),
        ("em300-th", set()),
    ],
)
def test_an_id_of_the_public_device_repository_means_its_decoder(text: str, means: set[str]) -> None:
    assert named(text, spellings({name: decoder.key for name, decoder in decoders.by_name().items()})) == means
