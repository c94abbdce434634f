"""Imports with a dry run: what would be done, what is wrong by row and column, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sinks.errors import Invalid
from sinks.model import Device, Installation
from sinks.registry.exchange import Plan, apply, export_csv, plan
from sinks.registry.store import SqlRegistry
from tests.sinks.registry.cities import BIN, DAY, GIESSEN, MAY, MOUNT, OFFENBACH, SENSOR, SPARE, settle

EXAMPLE = (Path(__file__).parents[3] / "sinks/registry/example.csv").read_bytes()
MODELS = ["milesight_em400_mud", "dragino_ldds75", "decentlab_dl_mbx", "dragino_lse01", "decentlab_dl_trs12"]


@pytest.fixture
def cities(registry: SqlRegistry) -> SqlRegistry:
    """Only the two organisations."""
    for organisation in (OFFENBACH, GIESSEN):
        registry.add_organisation(organisation)
    return registry


@pytest.fixture
def city(registry: SqlRegistry) -> SqlRegistry:
    settle(registry)
    registry.install(SENSOR.dev_eui, BIN.id, MAY, MOUNT)
    return registry


def sheet(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def planned(registry: SqlRegistry, *rows: str) -> Plan:
    return plan(sheet(*rows), "csv", registry.snapshot(), MODELS)


def test_the_example_makes_four_bins_and_three_trees_with_their_devices(cities: SqlRegistry) -> None:
    made = apply(plan(EXAMPLE, "csv", cities.snapshot(), MODELS), cities)
    kinds = [asset.kind for asset in cities.assets()]
    assert (made, kinds.count("bin"), kinds.count("tree")) == (23, 4, 3)
    assert {device.model for device in cities.devices()} == set(MODELS)
    assert [(one.asset_id, one.mount) for one in cities.installations() if one.asset_id == "of-tree-001"] == [
        ("of-tree-001", {"depth_cm": 30.0}),
        ("of-tree-001", {"depth_cm": 60.0}),
    ]


def test_the_same_file_again_changes_nothing(cities: SqlRegistry) -> None:
    apply(plan(EXAMPLE, "csv", cities.snapshot(), MODELS), cities)
    before = cities.snapshot()
    again = plan(EXAMPLE, "csv", before, MODELS)
    assert (again.problems, len(again.select("keep")), len(again.steps)) == ((), 23, 23)
    assert apply(again, cities) == 0
    assert cities.snapshot() == before


def test_a_dry_run_changes_nothing(cities: SqlRegistry) -> None:
    before = cities.snapshot()
    assert len(plan(EXAMPLE, "csv", before, MODELS).select("create")) == 23
    assert cities.snapshot() == before


def test_an_empty_cell_keeps_what_is_there(city: SqlRegistry) -> None:
    apply(planned(city, "asset_id,name,capacity_l,fraction", "of-bin-001,,,paper"), city)
    assert city.assets()[0] == replace(BIN, properties={"capacity_l": 120.0, "fraction": "paper"})


def test_a_calibration_needs_only_its_own_columns(city: SqlRegistry) -> None:
    apply(planned(city, "dev_eui,asset_id,empty_mm", f"{SENSOR.dev_eui},of-bin-001,965"), city)
    assert city.installations() == [Installation(SENSOR.dev_eui, BIN.id, MAY, None, MOUNT | {"empty_mm": 965.0})]


def test_an_old_file_does_not_undo_a_swap(city: SqlRegistry) -> None:
    before = export_csv(city.snapshot())
    city.swap(SENSOR.dev_eui, SPARE.dev_eui, MAY + DAY)
    again = plan(before, "csv", city.snapshot())
    assert (again.problems, again.select("change"), again.select("create")) == ((), [], [])


def test_one_file_may_move_a_device(city: SqlRegistry) -> None:
    rows = (
        "dev_eui,asset_id,from,to",
        f"{SENSOR.dev_eui},of-tree-001,2026-05-03,",
        f"{SENSOR.dev_eui},of-bin-001,,2026-05-03",
    )
    apply(planned(city, *rows), city)
    assert [(one.asset_id, one.to_ms is None) for one in city.installations()] == [
        ("of-bin-001", False),
        ("of-tree-001", True),
    ]


def test_one_file_may_put_right_on_which_asset_a_device_was(city: SqlRegistry) -> None:
    rows = (
        "organisation,dev_eui,asset_id,kind,lat,lon,from",
        f"offenbach,{SENSOR.dev_eui},of-bin-002,bin,50.1,8.7,2026-05-01",
    )
    apply(planned(city, *rows), city)
    assert city.installations() == [Installation(SENSOR.dev_eui, "of-bin-002", MAY, None, {})]


def test_one_file_raises_the_revision_once(cities: SqlRegistry) -> None:
    before = cities.revision()
    apply(plan(EXAMPLE, "csv", cities.snapshot(), MODELS), cities)
    assert cities.revision() == before + 1


def test_a_device_alone_is_a_row(cities: SqlRegistry) -> None:
    rows = (
        "organisation\tDevEUI\tModell\tparams.range_m\tparams.variant",
        'offenbach\t24E1-2471-3D09-0011\tdragino_lse01\t4,5\t"""7"""',
    )
    apply(planned(cities, *rows), cities)
    assert cities.devices() == [
        Device("24e124713d090011", "offenbach", "dragino_lse01", "", {"range_m": 4.5, "variant": "7"})
    ]


def test_nothing_is_applied_when_one_row_has_a_problem(cities: SqlRegistry) -> None:
    rows = ("organisation,asset_id,kind,name,lat,lon", "offenbach,of-1,bin,A,50.1,8.7", "offenbach,of-2,bin,B,95,8.7")
    before = cities.snapshot()
    with pytest.raises(
        Invalid, match=r"nothing was imported, 1 problems; the first: row 3, lat: .*less than or equal to 90"
    ):
        apply(planned(cities, *rows), cities)
    assert cities.snapshot() == before


def test_a_plan_is_not_applied_to_a_registry_that_has_changed(city: SqlRegistry) -> None:
    stale = planned(city, "asset_id,name", "of-bin-001,Markt")
    city.uninstall(SENSOR.dev_eui, MAY + DAY)
    with pytest.raises(Invalid, match="changed since the dry run"):
        apply(stale, city)
    assert BIN in city.assets()
