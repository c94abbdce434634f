"""`smartcity influx`: a real empty server becomes ready, twice is once, and what is wrong is told."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sinks.errors import Refused
from sinks.influxdb.audit import reader_faults
from sinks.influxdb.connection import Connection, Tokens, call
from sinks.influxdb.setup import prepare
from sinks.influxdb.setup_two import mapping_faults
from sinks.influxdb.write import InfluxStore
from tests.door import Said, environment, smartcity
from tests.servers import influxdb, influxdb1
from tests.servers.influxdb import Influxdb


@pytest.fixture
def house(tmp_path: Path, bucket: Influxdb) -> dict[str, str]:
    """Settings of a bucket that is not there yet, and the operator's token in a file."""
    (tmp_path / "admin").write_text(f"{bucket.admin_token}\n")
    return environment(
        tmp_path / "data",
        SMARTCITY_STORE__INFLUXDB__URL=bucket.url,
        SMARTCITY_STORE__INFLUXDB__ORG=bucket.org,
        SMARTCITY_STORE__INFLUXDB__BUCKET=tmp_path.name,
        SMARTCITY_STORE__INFLUXDB__WRITE_TOKEN_FILE=str(tmp_path / "write" / "token"),
        SMARTCITY_STORE__INFLUXDB__READ_TOKEN_FILE=str(tmp_path / "read" / "token"),
    )


def way_to(house: dict[str, str]) -> Connection:
    url, org, bucket = (house[f"SMARTCITY_STORE__INFLUXDB__{name}"] for name in ("URL", "ORG", "BUCKET"))
    return Connection(url, org, bucket, "none")


def set_up(tmp_path: Path, house: dict[str, str], *more: str) -> Said:
    return smartcity("influx", "setup", "--admin-token-file", str(tmp_path / "admin"), *more, env=house)


def tokens(tmp_path: Path) -> list[str]:
    return [(tmp_path / right / "token").read_text() for right in ("write", "read")]


def test_a_bucket_and_two_tokens_are_made_once(tmp_path: Path, house: dict[str, str]) -> None:
    first = set_up(tmp_path, house)
    made = tokens(tmp_path)
    again = set_up(tmp_path, house)
    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert tokens(tmp_path) == made
    assert "the tokens at hand work and stay" in again.out
    assert not any(token in first.out + first.err for token in made)


def test_a_token_is_for_its_owner_and_group_alone(tmp_path: Path, house: dict[str, str]) -> None:
    set_up(tmp_path, house)
    assert {(tmp_path / right / "token").stat().st_mode & 0o777 for right in ("write", "read")} == {0o640}


def test_tokens_that_no_longer_work_are_replaced(tmp_path: Path, house: dict[str, str]) -> None:
    set_up(tmp_path, house)
    (tmp_path / "write" / "token").write_text("")
    checked = smartcity("influx", "check", "--json", env=house)
    assert checked.code == 1
    assert {row["right"]: row["ok"] for row in json.loads(checked.out)} == {"write": False, "read": True}
    assert "a new token to write" in set_up(tmp_path, house).out
    assert smartcity("influx", "check", env=house).code == 0


def test_check_tries_only_the_rights_that_the_settings_name(tmp_path: Path, house: dict[str, str]) -> None:
    set_up(tmp_path, house)
    reader = {name: value for name, value in house.items() if not name.endswith("WRITE_TOKEN_FILE")}
    assert [row["right"] for row in json.loads(smartcity("influx", "check", "--json", env=reader).out)] == ["read"]


def checked(house: dict[str, str]) -> dict[str, dict[str, object]]:
    return {row["right"]: row for row in json.loads(smartcity("influx", "check", "--json", env=house).out)}


def test_check_names_the_version_of_the_server(tmp_path: Path, house: dict[str, str], bucket: Influxdb) -> None:
    set_up(tmp_path, house)
    expected = influxdb.version() if bucket.org else influxdb1.version()
    assert all(str(row["server"]).lstrip("v").startswith(str(expected)) for row in checked(house).values())


def test_a_token_that_may_too_much_is_told(tmp_path: Path, house: dict[str, str]) -> None:
    set_up(tmp_path, house)
    for right in ("write", "read"):
        (tmp_path / right / "token").write_text((tmp_path / "admin").read_text())
    said = checked(house)
    assert "may also read" in str(said["write"]["text"])
    assert "may also write" in str(said["read"]["text"])


def test_a_field_of_another_type_and_an_older_measurement_are_told(tmp_path: Path, house: dict[str, str]) -> None:
    set_up(tmp_path, house)
    writer = replace(way_to(house), token=tokens(tmp_path)[0])
    with closing(InfluxStore(writer)) as store:
        store._post(b"bin_level,tenant=x level_pct=1i,distance_mm=1.5\nlink_quality,tenant=x snr_db=1.0")
    text = str(checked(house)["read"]["text"])
    assert "bin_level.level_pct is stored as integer in some shard and should be float" in text
    assert "link_quality is of an older version" in text
    assert "distance_mm" not in text


def test_settings_without_a_place_for_a_token_are_told_before_anything_is_made(
    tmp_path: Path, house: dict[str, str]
) -> None:
    del house["SMARTCITY_STORE__INFLUXDB__READ_TOKEN_FILE"]
    said = set_up(tmp_path, house)
    assert said.code == 1
    assert "set store.influxdb.read_token_file" in said.err
    assert not (tmp_path / "write").exists()


def test_without_any_token_there_is_nothing_to_check(tmp_path: Path) -> None:
    said = smartcity("influx", "check", env=environment(tmp_path))
    assert (said.code, "no token to check" in said.err) == (1, True)


def test_a_secret_that_cannot_be_read_is_one_sentence(tmp_path: Path, house: dict[str, str]) -> None:
    (tmp_path / "admin").unlink()
    said = set_up(tmp_path, house)
    assert said.code == 1
    assert said.err.startswith(f"smartcity: the secret in {tmp_path}/admin cannot be read")


def test_check_tells_how_long_rows_are_kept_and_what_changes_it(tmp_path: Path, house: dict[str, str]) -> None:
    set_up(tmp_path, house, "--retention-days", "90")
    assert checked(house)["read"]["keeps"] == "for 90 days"
    assert smartcity("influx", "check", "--retention-days", "90", env=house).code == 0
    said = smartcity("influx", "check", "--retention-days", "0", env=house)
    assert said.code == 1
    assert "kept for 90 days and should be for ever: smartcity influx setup --retention-days 0 changes it" in said.out


@pytest.mark.server("influxdb")
def test_set_up_writes_down_which_bucket_influxql_finds(bucket_of_two: Influxdb) -> None:
    prepare(bucket_of_two.admin, 0, Tokens(bucket_of_two.write_token, bucket_of_two.read_token))
    assert [(one["retention_policy"], one["default"], one["virtual"]) for one in mappings(bucket_of_two)] == [
        ("autogen", True, False)
    ]
    assert mapping_faults(bucket_of_two.reader) == []


@pytest.mark.server("influxdb")
def test_a_name_that_was_given_to_another_bucket_is_told_and_taken_back(
    bucket_of_two: Influxdb, influxdb_two: Influxdb
) -> None:
    (ours,) = mappings(bucket_of_two)
    (others,) = mappings(influxdb_two.fresh_bucket())
    taken = {"orgID": ours["orgID"], "bucketID": others["bucketID"], "database": bucket_of_two.bucket}
    with bucket_of_two.admin.open() as client:
        call(client, "POST", "/api/v2/dbrps", body=taken | {"retention_policy": "mine", "default": True})
    assert ["does not stand for" in said for said in reader_faults(bucket_of_two.reader)] == [True]
    prepare(bucket_of_two.admin)
    assert mapping_faults(replace(bucket_of_two.reader, token=bucket_of_two.admin_token)) == []
    assert {one["bucketID"] for one in mappings(bucket_of_two) if one["default"]} == {ours["bucketID"]}


@pytest.mark.server("influxdb")
def test_a_mapping_of_somebody_else_is_not_overwritten(bucket_of_two: Influxdb, influxdb_two: Influxdb) -> None:
    (ours,) = mappings(bucket_of_two)
    (others,) = mappings(influxdb_two.fresh_bucket())
    taken = {"orgID": ours["orgID"], "bucketID": others["bucketID"], "database": bucket_of_two.bucket}
    with bucket_of_two.admin.open() as client:
        call(client, "DELETE", f"/api/v2/dbrps/{ours['id']}", [("orgID", ours["orgID"])])
        call(client, "POST", "/api/v2/dbrps", body=taken | {"retention_policy": "autogen", "default": True})
    with pytest.raises(Refused, match=f"another bucket .{others['bucketID']}. .* influx v1 dbrp delete --id"):
        prepare(bucket_of_two.admin)


def mappings(bucket: Influxdb) -> list[dict[str, Any]]:
    with bucket.admin.open() as client:
        found: list[dict[str, Any]] = call(
            client, "GET", "/api/v2/dbrps", [("org", bucket.org), ("db", bucket.bucket)]
        )["content"]
    return found
