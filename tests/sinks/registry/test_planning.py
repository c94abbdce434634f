"""The dry run alone: what a file would do to a registry, and what is wrong with it, by row and column."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from sinks.errors import Invalid
from sinks.model import Installation
from sinks.registry.exchange import Plan, export_csv, export_geojson, plan
from sinks.registry.snapshot import Snapshot
from tests.sinks.registry.cities import BIN, FOREIGN, GIESSEN, MAY, MOUNT, OFFENBACH, PROBE, SENSOR, SPARE, TREE

MODELS = ["milesight_em400_mud", "dragino_ldds75", "dragino_lse01"]
CITIES = Snapshot(0, (GIESSEN, OFFENBACH))
INSTALLED = Installation(SENSOR.dev_eui, BIN.id, MAY, None, MOUNT)
CITY = replace(CITIES, devices=(SENSOR, SPARE, FOREIGN, PROBE), assets=(BIN, TREE), installations=(INSTALLED,))


def planned(snapshot: Snapshot, *rows: str) -> Plan:
    return plan("\n".join(rows).encode(), "csv", snapshot, MODELS)


def problems(found: Plan) -> list[tuple[int, str]]:
    return [(problem.row, problem.column) for problem in found.problems]


def test_what_was_exported_makes_the_same_registry_again() -> None:
    full = CITY
    bare = replace(full, devices=(), assets=(), installations=())
    for content, form in ((export_csv(full), "csv"), (export_geojson(full), "geojson")):
        again = plan(content, form, bare)  # type: ignore[arg-type]
        assert again.problems == ()
        assert [step.record for step in again.steps if isinstance(step.record, Installation)] == list(
            full.installations
        )
        assert len(again.select("create")) == len(full.devices) + len(full.assets) + len(full.installations)


def test_a_change_names_what_was_before() -> None:
    [step] = planned(CITY, "asset_id,name", "of-bin-001,Markt").select("change")
    assert (step.before, step.record, step.row) == (BIN, replace(BIN, name="Markt"), 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_a_german_spreadsheet_writes_is_read(encoding: str, delimiter: str) -> None:
    rows = (
        "Mandant;Objekt-ID;Art;Bezeichnung;Breite;Länge;Fassungsvermögen_l",
        "giessen;gi-1;Behälter;Straße 1;50,58;8,67;1100",
    )
    content = "\r\n".join(rows).replace(";", delimiter).encode(encoding)
    [step] = plan(content, "csv", CITIES).select("create")
    assert (step.record.name, step.record.lat, step.record.properties) == ("Straße 1", 50.58, {"capacity_l": 1100.0})  # type: ignore[union-attr]


def test_every_problem_is_told_by_row_and_column() -> None:
    rows = (
        "organisation,dev_eui,model,asset_id,kind,name,lat,lon,from,empty_mm,full_mm,tilt_deg",
        "offenbach,24e124713d090011,milesight_em400_mud,of-1,bin,Markt,50.1,8.7,2026-05-01,900,950,5",
        "offenbahc,24e124713d090012,milesight_em400_mud,of-2,bin,Markt,50.1,8.7,2026-05-01,900,150,5",
        "offenbach,24e124713d09001,milesight_em400,of 3,bank,Markt,150.1,8.7,gestern,900,150,95",
    )
    found = planned(CITIES, *rows)
    assert problems(found) == [
        (2, "mount.full_mm"),
        (3, "organisation"),
        (4, "asset_id"),
        (4, "dev_eui"),
        (4, "from"),
    ]
    assert "did you mean offenbach?" in found.problems[1].text


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
def test_a_problem_has_its_place(rows: tuple[str, ...], where: tuple[int, str], word: str) -> None:
    found = planned(CITY, *rows)
    assert where in problems(found)
    assert word in "; ".join(problem.text for problem in found.problems if (problem.row, problem.column) == where)


def test_thousands_with_a_sign_are_not_guessed() -> None:
    rows = ("organisation;asset_id;kind;name;lat;lon;capacity_l", "offenbach;of-1;bin;A;50,1;8,7;1.100")
    found = planned(CITIES, *rows)
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
def test_times_are_read_as_people_write_them(said: str, utc_ms: int) -> None:
    rows = ("dev_eui,asset_id,from", f"{SPARE.dev_eui},of-tree-001,{said}")
    [step] = planned(CITY, *rows).select("create")
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
def test_what_cannot_be_read_at_all_is_refused(content: bytes, form: str, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        plan(content, form, CITIES)  # type: ignore[arg-type]


def feature(**said: object) -> dict[str, object]:
    point = {"type": "Point", "coordinates": [8.7, 50.1]}
    properties = {"organisation": "offenbach", "kind": "bin", "name": "Markt"}
    return {"type": "Feature", "id": "of-9", "geometry": point, "properties": properties} | said


def collection(*features: object) -> bytes:
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def test_a_point_has_its_longitude_first() -> None:
    [step] = plan(collection(feature()), "geojson", CITIES).select("create")
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
def test_a_wrong_feature_is_told_by_its_number(said: dict[str, object], column: str, word: str) -> None:
    found = plan(collection(feature(), feature(**{"id": "of-8", "properties": {}} | said)), "geojson", CITIES)
    assert word in "; ".join(p.text for p in found.problems if p.row == 2 and p.column == (column or p.column))


def test_an_export_survives_a_spreadsheet() -> None:
    text = export_csv(CITY).decode("utf-8-sig")
    assert "24-e1-24-71-3d-09-00-11;" in text
    assert ";50,10545;8,76438;" in text
