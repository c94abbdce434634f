from __future__ import annotations

import pytest

from ingest.places import Places
from sinks.model import Device, Installation
from sinks.ports import Place
from tests.ingest.house import BIN, BIN_EUI, TREE, Towns

DEVICE = Device(BIN_EUI, "offenbach", "milesight_em400_mud")


def moved() -> Towns:
    first = Place(DEVICE, BIN, Installation(BIN_EUI, BIN.id, 100, 200))
    second = Place(DEVICE, TREE, Installation(BIN_EUI, TREE.id, 300, None))
    return Towns([first, second])


def test_a_device_is_where_it_stood_at_that_time() -> None:
    places = Places(moved())
    found = {
        at: site.place.asset.id if (site := places.at(BIN_EUI, at)) and site.place.asset else None
        for at in (100, 199, 300, 999)
    }
    assert found == {100: BIN.id, 199: BIN.id, 300: TREE.id, 999: TREE.id}


def test_between_two_installations_a_device_is_known_but_nowhere() -> None:
    places = Places(moved())
    for at in (99, 200, 299):
        site = places.at(BIN_EUI, at)
        assert site
        assert site.place == Place(DEVICE, None, None)


def test_a_device_that_nobody_registered_is_unknown() -> None:
    assert Places(moved()).at("0000000000000000", 150) is None


def test_a_device_whose_decoder_could_not_be_found_once_is_still_known() -> None:
    answers = iter([ZeroDivisionError("a defect"), None])

    def find(_name: str) -> None:
        if defect := next(answers):
            raise defect

    towns = Towns([Place(DEVICE, None, None)])
    places = Places(towns, find)
    with pytest.raises(ZeroDivisionError):
        places.at(BIN_EUI, 150)
    assert places.at(BIN_EUI, 150) is not None


def test_a_change_of_the_registry_is_taken_over_with_its_revision() -> None:
    towns = Towns([])
    places = Places(towns)
    towns.places = moved().places
    places.refresh()
    assert places.at(BIN_EUI, 150) is None  # the revision has not risen yet
    towns.changes += 1
    places.refresh()
    assert places.at(BIN_EUI, 150) is not None
