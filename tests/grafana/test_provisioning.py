"""The files from which Grafana takes its data source and boards, read as Grafana reads them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from grafana.__main__ import BOARDS, FOLDER
from grafana.technical import LANGUAGES
from tests.deploy.native import compose_file
from tests.grafana.provisioned import PROVISIONING, read


@pytest.fixture
def source(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "token").write_text("read-token==\n")
    environment = {
        "SMARTCITY_INFLUXDB_URL": "http://influxdb:8086",
        "SMARTCITY_INFLUXDB_BUCKET": "smartcity",
        "SMARTCITY_INFLUXDB_READ_TOKEN": f"$__file{{{tmp_path}/token}}",
    }
    (found,) = read("datasources/influxdb.yaml", environment)["datasources"]
    assert isinstance(found, dict)
    return found


def test_the_data_source_speaks_influxql_in_every_version(source: dict[str, Any]) -> None:
    assert (source["type"], source["access"], source["url"]) == ("influxdb", "proxy", "http://influxdb:8086")
    assert source["database"] == source["jsonData"]["dbName"] == "smartcity"
    assert "version" not in source["jsonData"]  # absent: InfluxQL
    assert source["jsonData"]["httpMode"] == "POST"


def test_the_token_is_read_from_its_file_and_kept_secret(source: dict[str, Any]) -> None:
    assert source["jsonData"]["httpHeaderName1"] == "Authorization"
    assert source["secureJsonData"] == {"httpHeaderValue1": "Token read-token=="}
    assert source["editable"] is False


def test_boards_open_on_the_provisioned_data_source(source: dict[str, Any]) -> None:
    for board in BOARDS.values():
        chosen = board("de").to_json()["templating"]["list"][0]["current"]
        assert chosen == {"selected": True, "text": source["name"], "value": source["uid"]}


def test_boards_of_each_language_come_from_its_part_of_the_folder_that_the_environment_names() -> None:
    providers = read("dashboards/smartcity.yaml", {"SMARTCITY_DASHBOARDS": os.fspath(FOLDER)})["providers"]
    assert [Path(provider["options"]["path"]) for provider in providers] == [FOLDER / name for name in LANGUAGES]
    for key in ("name", "folder", "folderUid"):
        assert len({provider[key] for provider in providers}) == len(LANGUAGES)
    uids = {board(language).uid for board in BOARDS.values() for language in LANGUAGES}
    for provider in providers:
        assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
        assert provider["folderUid"] not in uids


def test_the_first_board_that_grafana_shows_is_in_the_folder_that_it_is_given() -> None:
    grafana = compose_file()["services"]["grafana"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert "boards:/etc/grafana/dashboards:ro" in grafana["volumes"]
    assert (FOLDER / Path(home).relative_to("/etc/grafana/dashboards")).exists()


def test_the_compose_file_sets_what_the_files_take_from_the_environment() -> None:
    grafana = compose_file()["services"]["grafana"]
    files = [path.relative_to(PROVISIONING) for path in PROVISIONING.rglob("*.yaml")]
    text = "".join((PROVISIONING / file).read_text("utf-8") for file in files)
    assert set(re.findall(r"\$\{?(SMARTCITY_\w+)", text)) <= set(grafana["environment"])
    for folder in {file.parent for file in files}:
        assert f"./grafana/provisioning/{folder}:/etc/grafana/provisioning/{folder}:ro" in grafana["volumes"]
