"""The commands of the registry, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sinks.errors import Invalid
from sinks.model import Asset, Device, Installation, Organisation
from sinks.ports import Place, Registry
from sinks.registry.store import SqlRegistry
from tests.sinks.registry.cities import BIN, DAY, FOREIGN, MAY, MOUNT, OFFENBACH, PROBE, SENSOR, SPARE, TREE, settle


@pytest.fixture
def city(registry: SqlRegistry) -> SqlRegistry:
    settle(registry)
    return registry


def test_it_is_a_registry_of_the_port(registry: SqlRegistry) -> None:
    port: Registry = registry
    assert port.revision() == 0


def test_what_was_added_is_there_in_the_order_of_its_keys(city: SqlRegistry) -> None:
    assert [one.id for one in city.organisations()] == ["giessen", "offenbach"]
    assert city.devices() == [SENSOR, SPARE, FOREIGN, PROBE]
    assert city.assets() == [BIN, TREE]


def test_places_tell_every_device_with_its_installations_or_without(city: SqlRegistry) -> None:
    city.install(SENSOR.dev_eui, BIN.id, MAY, MOUNT)
    installed = Installation(SENSOR.dev_eui, BIN.id, MAY, None, MOUNT)
    assert list(city.iter_places())[:2] == [Place(SENSOR, BIN, installed), Place(SPARE, None, None)]


def test_an_asset_may_have_several_devices_at_once(city: SqlRegistry) -> None:
    city.install(SENSOR.dev_eui, TREE.id, MAY, {"depth_cm": 30.0})
    city.install(PROBE.dev_eui, TREE.id, MAY, {"depth_cm": 60.0})
    assert [one.mount["depth_cm"] for one in city.installations()] == [30.0, 60.0]


def test_a_device_comes_back_to_where_it_was_the_moment_it_left(city: SqlRegistry) -> None:
    city.install(SENSOR.dev_eui, BIN.id, MAY, MOUNT)
    city.uninstall(SENSOR.dev_eui, MAY + DAY)
    city.install(SENSOR.dev_eui, BIN.id, MAY + DAY, MOUNT)
    assert [(one.from_ms, one.to_ms) for one in city.installations()] == [(MAY, MAY + DAY), (MAY + DAY, None)]


@pytest.mark.parametrize("begins", [MAY - DAY, MAY + 1, MAY + DAY - 1])
def test_a_device_is_never_in_two_places(city: SqlRegistry, begins: int) -> None:
    city.add_installation(Installation(SENSOR.dev_eui, BIN.id, MAY, MAY + DAY, MOUNT))
    with pytest.raises(Invalid, match="is on asset of-bin-001 at that time"):
        city.install(SENSOR.dev_eui, TREE.id, begins)


def test_a_swap_keeps_the_history_and_the_mount_of_the_asset(city: SqlRegistry) -> None:
    city.install(SENSOR.dev_eui, BIN.id, MAY, MOUNT)
    city.swap(SENSOR.dev_eui, SPARE.dev_eui, MAY + DAY)
    assert city.installations() == [
        Installation(SENSOR.dev_eui, BIN.id, MAY, MAY + DAY, MOUNT),
        Installation(SPARE.dev_eui, BIN.id, MAY + DAY, None, MOUNT),
    ]
    assert city.assets() == [BIN, TREE]


def test_a_swap_that_cannot_be_finished_has_not_begun(city: SqlRegistry) -> None:
    city.install(SENSOR.dev_eui, BIN.id, MAY, MOUNT)
    before = city.snapshot()
    with pytest.raises(Invalid, match="belongs to giessen, the asset to offenbach"):
        city.swap(SENSOR.dev_eui, FOREIGN.dev_eui, MAY + DAY)
    assert city.snapshot() == before


@pytest.mark.parametrize(
    "command",
    [
        lambda r: r.add_organisation(Organisation("hanau", "Hanau")),
        lambda r: r.change_organisation(replace(OFFENBACH, name="Offenbach")),
        lambda r: r.add_device(replace(SENSOR, dev_eui="24e124713d090099")),
        lambda r: r.change_device(replace(SENSOR, name="Marktplatz")),
        lambda r: r.remove_device(SENSOR.dev_eui),
        lambda r: r.add_asset(replace(BIN, id="of-bin-009")),
        lambda r: r.change_asset(replace(BIN, lat=50.2)),
        lambda r: r.remove_asset(BIN.id),
        lambda r: r.install(SPARE.dev_eui, BIN.id, MAY, MOUNT),
        lambda r: r.uninstall(PROBE.dev_eui, MAY + DAY),
        lambda r: r.swap(PROBE.dev_eui, SPARE.dev_eui, MAY + DAY),
        lambda r: r.change_installation(Installation(PROBE.dev_eui, TREE.id, MAY, None, {"depth_cm": 60.0})),
        lambda r: r.remove_installation(PROBE.dev_eui, MAY),
        lambda r: r.create_key("webhook", "webhook", "offenbach", MAY),
    ],
)
def test_every_change_raises_the_revision(city: SqlRegistry, command: Callable[[SqlRegistry], object]) -> None:
    city.install(PROBE.dev_eui, TREE.id, MAY, {"depth_cm": 30.0})
    before = city.revision()
    command(city)
    assert city.revision() > before


def test_a_change_to_the_same_is_none(city: SqlRegistry) -> None:
    before = city.revision()
    city.change_device(SENSOR)
    city.change_asset(BIN)
    assert city.revision() == before


def test_a_refused_command_leaves_the_revision(city: SqlRegistry) -> None:
    before = city.revision()
    with pytest.raises(Invalid, match="there is no organisation 'offenbahc'; did you mean offenbach"):
        city.add_device(replace(SENSOR, dev_eui="24e124713d090099", organisation="offenbahc"))
    assert city.revision() == before


def test_commands_in_a_transaction_happen_together_or_not_at_all(city: SqlRegistry) -> None:
    before = city.snapshot()

    def install_and_fail() -> None:
        with city.transaction():
            city.install(SENSOR.dev_eui, BIN.id, MAY, MOUNT)
            city.add_device(SENSOR)

    with pytest.raises(Invalid, match="is there already"):
        install_and_fail()
    assert city.snapshot() == before


def test_an_unknown_model_names_the_nearest_one(city: SqlRegistry) -> None:
    with pytest.raises(Invalid, match="there is no model 'EM400-MUD'; did you mean milesight_em400_mud"):
        city.change_device(replace(SENSOR, model="EM400-MUD"), known_models=["milesight_em400_mud", "dragino_lse01"])


def test_a_deveui_is_found_in_any_spelling(city: SqlRegistry) -> None:
    city.install("24-E1-24-71-3D-09-00-11", BIN.id, MAY, MOUNT)
    city.uninstall("24:e1:24:71:3d:09:00:11", MAY + DAY)
    assert city.installations()[0].dev_eui == SENSOR.dev_eui


def test_parameters_and_properties_come_back_as_they_were(city: SqlRegistry) -> None:
    device = replace(SENSOR, params={"range_m": 5.0, "variant": "v2", "inverted": True})
    asset = replace(TREE, properties={"planted": 1998, "soil": "silt_loam", "stone_fraction": 0.2})
    city.change_device(device)
    city.change_asset(asset)
    assert city.devices()[0] == device
    assert city.assets()[1] == asset


def test_what_has_a_history_is_not_removed(city: SqlRegistry) -> None:
    city.add_installation(Installation(SENSOR.dev_eui, BIN.id, MAY, MAY + DAY, MOUNT))
    for remove, key in ((city.remove_device, SENSOR.dev_eui), (city.remove_asset, BIN.id)):
        with pytest.raises(Invalid, match="has installations"):
            remove(key)
    with pytest.raises(Invalid, match="still has devices"):
        city.remove_organisation("offenbach")


def test_an_empty_organisation_is_removed(registry: SqlRegistry) -> None:
    registry.add_organisation(OFFENBACH)
    registry.remove_organisation("offenbach")
    assert registry.organisations() == []


def test_history_stays_with_its_organisation_and_kind(city: SqlRegistry) -> None:
    city.add_installation(Installation(SENSOR.dev_eui, BIN.id, MAY, MAY + DAY, MOUNT))
    with pytest.raises(Invalid, match="stays with its organisation"):
        city.change_device(replace(SENSOR, organisation="giessen"))
    with pytest.raises(Invalid, match="stays of its kind"):
        city.change_asset(replace(BIN, kind="tree", properties={}))


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (lambda r: r.uninstall(SENSOR.dev_eui, MAY), "is not installed"),
        (lambda r: r.remove_asset("of-bin-404"), "there is no asset of-bin-404"),
        (lambda r: r.change_device(Device("24e124713d090099", "offenbach", "x")), "there is no device"),
        (lambda r: r.install(SENSOR.dev_eui, "of-bin-404", MAY), "there is no asset 'of-bin-404'"),
        (lambda r: r.install("24e124713d090099", BIN.id, MAY), "there is no device '24e124713d090099'"),
        (lambda r: r.add_asset(Asset("of-bin-001", "offenbach", "bin", "", 50.1, 8.7)), "is there already"),
        (lambda r: r.uninstall(PROBE.dev_eui, MAY), "the end must lie after the beginning"),
    ],
)
def test_a_command_that_cannot_be_says_why(
    city: SqlRegistry, command: Callable[[SqlRegistry], object], word: str
) -> None:
    city.install(PROBE.dev_eui, TREE.id, MAY)
    with pytest.raises(Invalid, match=word):
        command(city)


def test_closing_twice_is_closing_once(registry: SqlRegistry) -> None:
    registry.close()
    registry.close()
