"""The files from which Grafana takes its data source and boards, read as Grafana reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.__main__ import BOARDS
from tests.door import ROOT

PROVISIONING = ROOT / "grafana" / "provisioning"
_EXPANDER = re.compile(r"\$(|__\w+)\{([^}]+)\}")


def interpolated(value: str, environment: Mapping[str, str]) -> str:
    """Grafana's order: `$$` apart, `${NAME}` and `$__env{}`, then `$__file{}`, then `$NAME`."""

    def expand(text: str) -> str:
        text = _EXPANDER.sub(lambda m: environment.get(m[2], "") if m[1] in ("", "__env") else m[0], text)
        text = _EXPANDER.sub(lambda m: Path(m[2]).read_text().strip() if m[1] == "__file" else m[0], text)
        return re.sub(r"\$(\w+)", lambda m: environment.get(m[1], ""), text)

    return "$".join(map(expand, value.split("$$")))


def read(file: str, environment: Mapping[str, str]) -> Any:
    def walk(node: Any) -> Any:
        match node:
            case dict():
                return {key: walk(value) for key, value in node.items()}
            case list():
                return [walk(value) for value in node]
            case str():
                return interpolated(node, environment)
        return node

    return walk(yaml.safe_load((PROVISIONING / file).read_text("utf-8")))


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
        chosen = board().to_json()["templating"]["list"][0]["current"]
        assert chosen == {"selected": True, "text": source["name"], "value": source["uid"]}


def test_boards_come_from_the_folder_that_the_environment_names() -> None:
    (provider,) = read("dashboards/smartcity.yaml", {"SMARTCITY_DASHBOARDS": os.fspath(ROOT)})["providers"]
    assert provider["options"]["path"] == os.fspath(ROOT)
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    assert provider["folderUid"] not in {board().uid for board in BOARDS.values()}
