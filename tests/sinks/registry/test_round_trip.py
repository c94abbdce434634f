"""Whatever a registry holds: exported and imported again, it is the same."""

from __future__ import annotations

from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from sinks.errors import Invalid
from sinks.model import Asset, Device, Installation
from sinks.registry import rules
from sinks.registry.exchange import apply, export_csv, export_geojson, plan
from sinks.registry.snapshot import Snapshot
from sinks.registry.store import SqlRegistry
from sinks.registry.tables import metadata, revision
from tests.sinks.registry.cities import GIESSEN, OFFENBACH

OWNERS = (GIESSEN, OFFENBACH)


def _sayable(text: str) -> bool:
    try:
        return rules.said(text) == text
    except Invalid:
        return False


texts = st.one_of(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=20).filter(_sayable),
    st.sampled_from(["1,5", "true", '"', '"x"', "a;b", "1e5", "ä, ö; ü", "NULL", "0012"]),
)
slugs = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,10}", fullmatch=True)
euis = st.integers(1, 2**64 - 2).map(lambda number: f"{number:016x}")
numbers = st.floats(-1e12, 1e12, allow_nan=False)
params = st.dictionaries(slugs, st.one_of(numbers, st.booleans(), texts), max_size=3)
shares = st.floats(0, 0.99)


def some(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


properties = {
    "bin": some(
        capacity_l=st.floats(5, 100_000),
        fraction=texts,
        register_id=texts,
        volume_table=st.just("0:0,50:400.5,100:1100"),
    ),
    "tree": some(species=texts, planted=st.integers(1500, 2200), soil=st.just("loam"), stone_fraction=shares),
}
mounts = {
    "bin": st.one_of(
        some(dead_mm=st.floats(0, 20_000), tilt_deg=st.floats(0, 89)),
        st.fixed_dictionaries({"empty_mm": st.floats(1000, 9000), "full_mm": st.floats(0, 999)}),
    ),
    "tree": st.one_of(some(depth_cm=st.floats(1, 1000)), st.just({"channels": "1=30,2=60"})),
}


@st.composite
def devices(draw: st.DrawFn) -> tuple[Device, ...]:
    owner = st.sampled_from(OWNERS).map(lambda one: one.id)
    record = st.builds(Device, euis, owner, slugs, st.one_of(st.just(""), texts), params)
    found = draw(st.lists(record, max_size=4, unique_by=lambda one: one.dev_eui))
    return tuple(sorted(found, key=lambda one: one.dev_eui))


@st.composite
def assets(draw: st.DrawFn) -> tuple[Asset, ...]:
    ids = draw(st.lists(slugs, max_size=4, unique=True))
    found = []
    for asset_id in sorted(ids):
        kind = draw(st.sampled_from(["bin", "tree"]))
        place = draw(st.floats(-90, 90)), draw(st.floats(1, 180))
        owner = draw(st.sampled_from(OWNERS)).id
        name = draw(st.one_of(st.just(""), texts))
        found.append(Asset(asset_id, owner, kind, name, *place, draw(properties[kind])))
    return tuple(found)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    known, watched = draw(devices()), draw(assets())
    installations: list[Installation] = []
    for device in known:
        places = [asset for asset in watched if asset.organisation == device.organisation]
        times = sorted(draw(st.lists(st.integers(0, 4_000_000_000_000), max_size=6, unique=True)) if places else [])
        for begin, end in zip(times[::2], times[1::2], strict=False):
            asset = draw(st.sampled_from(places))
            installations.append(Installation(device.dev_eui, asset.id, begin, end, draw(mounts[asset.kind])))
        if len(times) % 2:
            asset = draw(st.sampled_from(places))
            installations.append(Installation(device.dev_eui, asset.id, times[-1], None, draw(mounts[asset.kind])))
    return Snapshot(0, OWNERS, known, watched, tuple(installations))


def _contents(snapshot: Snapshot) -> tuple[object, ...]:
    return snapshot.organisations, snapshot.devices, snapshot.assets, snapshot.installations


def emptied(registry: SqlRegistry) -> None:
    """Of everything but the two owners."""
    with registry._database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not revision:
                connection.execute(delete(table))
    for owner in OWNERS:
        registry.add_organisation(owner)


@settings(max_examples=50, deadline=None)
@given(snapshots())
def test_an_export_of_csv_says_nothing_new(snapshot: Snapshot) -> None:
    again = plan(export_csv(snapshot), "csv", snapshot)
    assert (again.problems, again.select("create"), again.select("change")) == ((), [], [])


@settings(max_examples=50, deadline=None)
@given(snapshots())
def test_an_export_of_geojson_says_nothing_new(snapshot: Snapshot) -> None:
    again = plan(export_geojson(snapshot), "geojson", snapshot)
    assert (again.problems, again.select("create"), again.select("change")) == ((), [], [])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(snapshot=snapshots(), form=st.sampled_from(["csv", "geojson"]))
def test_an_export_imported_into_an_empty_registry_is_the_same_registry(
    registry: SqlRegistry, snapshot: Snapshot, form: Literal["csv", "geojson"]
) -> None:
    emptied(registry)
    content = export_csv(snapshot) if form == "csv" else export_geojson(snapshot)
    apply(plan(content, form, registry.snapshot()), registry)
    assert _contents(registry.snapshot()) == _contents(snapshot)
