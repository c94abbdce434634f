"""Imports with a dry run: what would be done, what is wrong by row and column, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from sinks.errors import Invalid
from sinks.model import Device, Installation
from sinks.registry import SqlRegistry
from sinks.registry.exchange import Plan, apply, export_csv, export_geojson, plan
from tests.sinks.registry.cities import BIN, DAY, GIESSEN, MAY, MOUNT, OFFENBACH, SENSOR, SPARE, TREE, settle

EXAMPLE = (Path(__file__).parents[3] / "sinks/registry/example.csv").read_bytes()
MODELS = ["milesight_em400_mud", "dragino_ldds75", "decentlab_dl_mbx", "dragino_lse01", "decentlab_dl_trs12"]
SAID = {MAY: "2026-05-01T00:00+02:00"}


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


def problems(found: Plan) -> list[tuple[int, str]]:
    return [(problem.row, problem.column) for problem in found.problems]


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


def test_what_was_exported_makes_the_same_registry_again(city: SqlRegistry) -> None:
    full = city.snapshot()
    bare = replace(full, devices=(), assets=(), installations=())
    for content, form in ((export_csv(full), "csv"), (export_geojson(full), "geojson")):
        again = plan(content, form, bare)  # type: ignore[arg-type]
        assert again.problems == ()
        assert [step.record for step in again.steps if isinstance(step.record, Installation)] == list(
            full.installations
        )
        assert len(again.select("create")) == len(full.devices) + len(full.assets) + len(full.installations)


def test_a_change_names_what_was_before(city: SqlRegistry) -> None:
    [step] = planned(city, "asset_id,name", "of-bin-001,Markt").select("change")
    assert (step.before, step.record, step.row) == (BIN, replace(BIN, name="Markt"), 2)


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


def test_a_device_alone_is_a_row(cities: SqlRegistry) -> None:
    rows = (
        "organisation\tDevEUI\tModell\tparams.range_m\tparams.variant",
        'offenbach\t24E1-2471-3D09-0011\tdragino_lse01\t4,5\t"""7"""',
    )
    apply(planned(cities, *rows), cities)
    assert cities.devices() == [
        Device("24e124713d090011", "offenbach", "dragino_lse01", "", {"range_m": 4.5, "variant": "7"})
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_a_german_spreadsheet_writes_is_read(cities: SqlRegistry, encoding: str, delimiter: str) -> None:
    rows = (
        "Mandant;Objekt-ID;Art;Bezeichnung;Breite;Länge;Fassungsvermögen_l",
        "giessen;gi-1;Behälter;Straße 1;50,58;8,67;1100",
    )
    content = "\r\n".join(rows).replace(";", delimiter).encode(encoding)
    [step] = plan(content, "csv", cities.snapshot()).select("create")
    assert (step.record.name, step.record.lat, step.record.properties) == ("Straße 1", 50.58, {"capacity_l": 1100.0})  # type: ignore[union-attr]


def test_every_problem_is_told_by_row_and_column(cities: SqlRegistry) -> None:
    rows = (
        "organisation,dev_eui,model,asset_id,kind,name,lat,lon,from,empty_mm,full_mm,tilt_deg",
        "offenbach,24e124713d090011,milesight_em400_mud,of-1,bin,Markt,50.1,8.7,2026-05-01,900,950,5",
        "offenbahc,24e124713d090012,milesight_em400_mud,of-2,bin,Markt,50.1,8.7,2026-05-01,900,150,5",
        "offenbach,24e124713d09001,milesight_em400,of 3,bank,Markt,150.1,8.7,gestern,900,150,95",
    )
    found = planned(cities, *rows)
    assert problems(found) == [
        (2, "mount.full_mm"),
        (3, "organisation"),
        (4, "asset_id"),
        (4, "dev_eui"),
        (4, "from"),
    ]
    assert "did you mean offenbach?" in found.problems[1].text


def test_nothing_is_applied_when_one_row_has_a_problem(cities: SqlRegistry) -> None:
    rows = ("organisation,asset_id,kind,name,lat,lon", "offenbach,of-1,bin,A,50.1,8.7", "offenbach,of-2,bin,B,95,8.7")
    before = cities.snapshot()
    with pytest.raises(
        Invalid, match=r"nothing was imported, 1 problems; the first: row 3, lat: .*less than or equal to 90"
    ):
        apply(planned(cities, *rows), cities)
    assert cities.snapshot() == before


@pytest.mark.parametrize(
    ("rows", "where", "word"),
    [
        (("asset_id,spezies", "of-bin-001,Linde"), (1, "spezies"), "did you mean species?"),
        (("asset_id,name,Name", "of-bin-001,a,b"), (1, "Name"), "the column name is there twice"),
        (("asset_id,", "of-bin-001,x"), (2, ""), "'x' stands in column 2, which has no header"),
        (("asset_id,name", "of-bin-001,a,x"), (2, ""), "'x' stands in column 3, which has no header"),
        (("name", "Markt"), (2, ""), "a row names a device"),
        (("asset_id,empty_mm", "of-bin-001,900"), (2, "mount.empty_mm"), "needs dev_eui and asset_id"),
        (("asset_id,model", "of-bin-001,x"), (2, "model"), "needs dev_eui and asset_id"),
        (("asset_id,kind,name", "of-9,bin,x"), (2, "lat"), "lat is missing"),
        (("asset_id,name", "of-bin-001,a", "of-bin-001,b"), (3, "name"), "row 2 says otherwise"),
        (("asset_id,species", "of-bin-001,Linde"), (2, "species"), "species is said of a tree"),
        (("asset_id,capacity_l", "of-bin-001,viel"), (2, "capacity_l"), "valid number"),
        (("asset_id,kind", "of-bin-001,tree"), (2, "kind"), "stays of its kind"),
        (("dev_eui,model", f"{SENSOR.dev_eui},EM400-MUD"), (2, "model"), "did you mean milesight_em400_mud?"),
        (("dev_eui,params.a b", f"{SENSOR.dev_eui},1"), (2, "params.a b"), "an id has 1 to 64"),
        (("dev_eui,params.a", f'{SENSOR.dev_eui},"""x"'), (2, "params.a"), "does not end with one"),
        (("dev_eui,asset_id", f"{SPARE.dev_eui},of-bin-001"), (2, "from"), "since when is the device there?"),
        (("dev_eui,asset_id,from", f"{SENSOR.dev_eui},of-tree-001,2026-05-09"), (2, "from"), "is on asset of-bin-001"),
        (
            ("dev_eui,asset_id,from,to", f"{SPARE.dev_eui},of-bin-001,2026-05-09,2026-05-09"),
            (2, "to"),
            "after the beginning",
        ),
        (("dev_eui,asset_id,from", f"{SPARE.dev_eui},of-bin-001,09.13.2026"), (2, "from"), "not '09.13.2026'"),
        (("dev_eui", "1,80E+15"), (2, "dev_eui"), "format its column as text"),
    ],
)
def test_a_problem_has_its_place(city: SqlRegistry, rows: tuple[str, ...], where: tuple[int, str], word: str) -> None:
    found = planned(city, *rows)
    assert where in problems(found)
    assert word in "; ".join(problem.text for problem in found.problems if (problem.row, problem.column) == where)


def test_thousands_with_a_sign_are_not_guessed(cities: SqlRegistry) -> None:
    rows = ("organisation;asset_id;kind;name;lat;lon;capacity_l", "offenbach;of-1;bin;A;50,1;8,7;1.100")
    found = planned(cities, *rows)
    assert problems(found) == [(2, "capacity_l")]
    assert "1.100 can be read in two ways" in found.problems[0].text


@pytest.mark.parametrize(
    ("said", "utc_ms"),
    [
        ("2026-05-01T00:00+02:00", MAY),
        ("2026-04-30T22:00:00Z", MAY),
        ("2026-05-01", MAY),
        ("2026-05-01 00:00", MAY),
        ("01.05.2026", MAY),
        ("1.5.2026 00:00", MAY),
        ("01.05.2026 00:00:01", MAY + 1000),
    ],
)
def test_times_are_read_as_people_write_them(city: SqlRegistry, said: str, utc_ms: int) -> None:
    rows = ("dev_eui,asset_id,from", f"{SPARE.dev_eui},of-tree-001,{said}")
    [step] = planned(city, *rows).select("create")
    assert step.record == Installation(SPARE.dev_eui, TREE.id, utc_ms)


@pytest.mark.parametrize(
    ("content", "form", "word"),
    [
        (b"", "csv", "the file is empty"),
        (b"\x81\xff", "csv", "neither UTF-8 nor Windows-1252"),
        (b'dev_eui\n"a\n', "csv", "row 2 is no CSV"),
        (b"x" * (8 * 1024 * 1024 + 1), "csv", "at most 8 MiB"),
        (b"dev_eui\n" + b"a\n" * 20_001, "csv", "at most 20000 rows"),
        (b"{", "geojson", "is no JSON"),
        (b"[" * 100_000, "geojson", "is no JSON"),
        (b"[]", "geojson", "no GeoJSON FeatureCollection"),
        (b'{"type":"FeatureCollection","features":[' + b"1," * 20_000 + b"1]}", "geojson", "at most 20000 features"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused(cities: SqlRegistry, content: bytes, form: str, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        plan(content, form, cities.snapshot())  # type: ignore[arg-type]


def feature(**said: object) -> dict[str, object]:
    point = {"type": "Point", "coordinates": [8.7, 50.1]}
    properties = {"organisation": "offenbach", "kind": "bin", "name": "Markt"}
    return {"type": "Feature", "id": "of-9", "geometry": point, "properties": properties} | said


def collection(*features: object) -> bytes:
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def test_a_point_has_its_longitude_first(cities: SqlRegistry) -> None:
    [step] = plan(collection(feature()), "geojson", cities.snapshot()).select("create")
    assert (step.record.lat, step.record.lon) == (50.1, 8.7)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("said", "column", "word"),
    [
        ({"type": "Point"}, "", "no GeoJSON Feature"),
        ({"geometry": {"type": "LineString", "coordinates": []}}, "", "is a Point"),
        ({"geometry": {"type": "Point", "coordinates": [1]}}, "", "longitude, latitude"),
        ({"geometry": {"type": "Point", "coordinates": ["a", 50.1]}}, "lon", "valid number"),
        ({"properties": [1]}, "", "properties are an object"),
        ({"properties": {"devices": 7}}, "", "list of objects"),
        ({"properties": {"capacity": 7}}, "capacity", "did you mean capacity_l?"),
        ({"properties": {"name": {}}}, "name", "a value is a text"),
        ({"properties": {"devices": [{"dev_eui": SENSOR.dev_eui, "from": 7}]}}, "from", "a time is a text"),
        ({"id": 7}, "organisation", "organisation is missing"),
    ],
)
def test_a_wrong_feature_is_told_by_its_number(
    cities: SqlRegistry, said: dict[str, object], column: str, word: str
) -> None:
    found = plan(
        collection(feature(), feature(**{"id": "of-8", "properties": {}} | said)), "geojson", cities.snapshot()
    )
    assert word in "; ".join(p.text for p in found.problems if p.row == 2 and p.column == (column or p.column))


def test_a_plan_is_not_applied_to_a_registry_that_has_changed(city: SqlRegistry) -> None:
    stale = planned(city, "asset_id,name", "of-bin-001,Markt")
    city.uninstall(SENSOR.dev_eui, MAY + DAY)
    with pytest.raises(Invalid, match="changed since the dry run"):
        apply(stale, city)
    assert BIN in city.assets()


def test_an_export_survives_a_spreadsheet(city: SqlRegistry) -> None:
    text = export_csv(city.snapshot()).decode("utf-8-sig")
    assert "24-e1-24-71-3d-09-00-11;" in text
    assert ";50,10545;8,76438;" in text
