from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.simulate import fleet, register
from sinks.model import Organisation
from sinks.registry.store import SqlRegistry, open_registry

FLEET = fleet()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[SqlRegistry]:
    opened = open_registry(f"sqlite:///{tmp_path}/registry.db")
    yield opened
    opened.close()


def test_every_device_is_installed_on_its_bin_or_tree(registry: SqlRegistry) -> None:
    register(registry, FLEET)
    places = {place.device.dev_eui: place for place in registry.iter_places()}
    assert len(places) == 70
    for station in FLEET.stations:
        place = places[station.device.dev_eui]
        assert place.asset == station.asset
        assert place.device == station.device
        assert place.installation == station.installation


def test_the_stranger_stays_unknown(registry: SqlRegistry) -> None:
    register(registry, FLEET)
    assert FLEET.strangers[0].device.dev_eui not in {device.dev_eui for device in registry.devices()}


def test_a_second_start_changes_nothing(registry: SqlRegistry) -> None:
    register(registry, FLEET)
    before = registry.snapshot()
    register(registry, FLEET)
    assert registry.snapshot() == before


def test_what_people_changed_stays_changed(registry: SqlRegistry) -> None:
    register(registry, FLEET)
    station = FLEET.stations[0]
    registry.change_asset(replace(station.asset, name="Abfallbehälter vor dem Café"))
    registry.uninstall(station.device.dev_eui, station.installation.from_ms + 1)
    changed = registry.snapshot()
    register(registry, FLEET)
    assert registry.snapshot() == changed


def test_what_is_missing_is_put_in_beside_a_citys_own(registry: SqlRegistry) -> None:
    registry.add_organisation(Organisation("offenbach", "Stadt Offenbach am Main"))
    register(registry, FLEET)
    assert [o.name for o in registry.organisations()] == ["Gießen (Simulation)", "Stadt Offenbach am Main"]
    assert len(registry.installations()) == 70
