"""The intake's way to the registry's file says the same as the registry itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import create_engine, text

from sinks.errors import Refused, Unavailable
from sinks.model import Asset, Device, Installation
from sinks.ports import Place
from sinks.registry.places import SqlitePlaces, is_newest
from sinks.registry.snapshot import Snapshot
from sinks.registry.store import SqlRegistry
from tests.sinks.registry.cities import BIN, DAY, MAY, MOUNT, OFFENBACH, PROBE, SENSOR, SPARE, TREE, settle
from tests.sinks.registry.test_round_trip import emptied, snapshots


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "registry.db"))


@pytest.fixture
def registry(file: Path) -> Iterator[SqlRegistry]:
    with closing(SqlRegistry(f"sqlite:///{file}")) as opened:
        yield opened


def unnamed(place: Place) -> Place:
    asset = None if place.asset is None else replace(place.asset, name="")
    return Place(replace(place.device, name=""), asset, place.installation)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(snapshot=snapshots())
def test_it_tells_the_places_that_the_registry_tells_but_names(
    file: Path, registry: SqlRegistry, snapshot: Snapshot
) -> None:
    emptied(registry)
    records: list[Device | Asset | Installation] = [*snapshot.devices, *snapshot.assets, *snapshot.installations]
    registry.write([], records, registry.revision())
    with closing(SqlitePlaces(file)) as places:
        assert list(places.iter_places()) == [unnamed(place) for place in registry.iter_places()]


def test_a_device_that_moved_has_a_place_for_each_time_and_one_that_never_did_has_one(
    file: Path, registry: SqlRegistry
) -> None:
    settle(registry)
    first = Installation(SENSOR.dev_eui, BIN.id, MAY, MAY + DAY, MOUNT)
    second = Installation(SENSOR.dev_eui, TREE.id, MAY + DAY, None, {"depth_cm": 30.0})
    registry.write([], [first, second], registry.revision())
    with closing(SqlitePlaces(file)) as places:
        found = [p for p in places.iter_places() if p.device.dev_eui in (SENSOR.dev_eui, SPARE.dev_eui)]
    stood = [Place(SENSOR, BIN, first), Place(SENSOR, TREE, second), Place(SPARE, None, None)]
    assert found == [unnamed(place) for place in stood]


def test_equal_mounts_are_one_object(file: Path, registry: SqlRegistry) -> None:
    settle(registry)
    mounted = [Installation(device.dev_eui, TREE.id, MAY, None, {"depth_cm": 30.0}) for device in (SENSOR, PROBE)]
    registry.write([], mounted, registry.revision())
    with closing(SqlitePlaces(file)) as places:
        mounts = [place.installation.mount for place in places.iter_places() if place.installation]
    assert mounts[0] is mounts[1]


def test_it_sees_each_change_of_the_registry(file: Path, registry: SqlRegistry) -> None:
    with closing(SqlitePlaces(file)) as places:
        before = places.revision()
        registry.add_organisation(OFFENBACH)
        assert (places.revision(), registry.revision()) == (before + 1, before + 1)


def test_no_file_is_up_to_date_and_asking_makes_none(tmp_path: Path) -> None:
    assert not is_newest(tmp_path / "registry.db")
    assert not (tmp_path / "registry.db").exists()


def test_a_file_without_the_schema_is_not_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "registry.db").touch()
    assert not is_newest(tmp_path / "registry.db")


def test_a_file_of_another_step_is_not_up_to_date(file: Path) -> None:
    assert is_newest(file)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    engine.dispose()
    assert not is_newest(file)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("a list of bins, and no database at all: " * 40)
    with pytest.raises(Refused, match="move it away"):
        is_newest(tmp_path / "registry.db")


def test_a_table_that_is_missing_is_told_with_the_file(tmp_path: Path) -> None:
    with closing(SqlitePlaces(tmp_path / "registry.db")) as places, pytest.raises(Unavailable, match=r"registry\.db"):
        places.revision()
