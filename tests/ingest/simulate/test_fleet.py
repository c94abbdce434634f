from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import cos, hypot, radians

from decoders import all_decoders
from ingest.simulate import Station, fleet
from ingest.simulate.stations import Role
from sinks.registry.rules import eui

STATIONS = fleet().stations
BOXES = {"offenbach": (50.085, 50.135, 8.740, 8.805), "giessen": (50.575, 50.597, 8.655, 8.695)}


def kinds(organisation: str) -> Counter[str]:
    return Counter(s.asset.kind for s in STATIONS if s.asset.organisation == organisation)


def metres(one: Station, other: Station) -> float:
    north = (one.asset.lat - other.asset.lat) * 111_320
    east = (one.asset.lon - other.asset.lon) * 111_320 * cos(radians(50.3))
    return hypot(north, east)


def test_there_are_40_bins_and_30_trees_in_two_cities() -> None:
    assert kinds("offenbach") == kinds("giessen") == {"bin": 20, "tree": 15}


def test_every_position_lies_in_its_city() -> None:
    for station in STATIONS:
        south, north, west, east = BOXES[station.asset.organisation]
        assert south < station.asset.lat < north, station.asset
        assert west < station.asset.lon < east, station.asset


def test_no_two_assets_stand_closer_than_ten_metres() -> None:
    assert min(metres(one, other) for one, other in combinations(STATIONS, 2)) > 10


def test_ids_and_addresses_are_distinct_and_names_in_their_city() -> None:
    assert len({station.asset.id for station in STATIONS}) == 70
    assert len({station.device.dev_eui for station in STATIONS}) == 70
    assert len({(station.asset.organisation, station.asset.name) for station in STATIONS}) == 70


def test_every_device_has_a_decoder_and_an_address_of_its_maker() -> None:
    makers = {"Milesight": "24e124", "Dragino": "a84041", "Decentlab": "70b3d5"}
    for device in (station.device for station in STATIONS):
        assert eui(device.dev_eui) == device.dev_eui
        assert device.dev_eui.startswith(makers[all_decoders()[device.model].vendor])


def test_all_seven_models_send_in_both_cities() -> None:
    models = {(s.asset.organisation, s.device.model) for s in STATIONS}
    assert Counter(city for city, _ in models) == {"offenbach": 7, "giessen": 7}


def test_another_seed_has_the_same_devices_in_the_same_places() -> None:
    assert fleet(99).stations == STATIONS


def test_the_stranger_is_no_registered_device() -> None:
    known = {station.device.dev_eui for station in STATIONS}
    assert [s.device.dev_eui in known for s in fleet().strangers] == [False]


def test_two_sensors_are_broken_and_two_devices_restart() -> None:
    assert Counter(s.role for s in STATIONS) == {Role.SOUND: 66, Role.BROKEN: 2, Role.RESTARTS: 2}


def test_the_organisations_say_that_they_are_simulated() -> None:
    assert all("Simulation" in organisation.name for organisation in fleet().organisations)
