"""`smartcity grafana` as its users have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

import smartcity as door
from grafana.verify import judged
from sinks.model import Organisation
from sinks.storage import Storage
from tests.door import Said, environment, smartcity
from tests.grafana.stand_in import TOKEN, StandIn, serving

Environment = dict[str, str]


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serving() as running:
        panel = {"type": "stat", "title": "Due", "targets": [{"refId": "A", "query": "SELECT 1"}]}
        running.boards["smartcity-bins"] = {"uid": "smartcity-bins", "panels": [panel]}
        running.results = {"A": {"frames": [{"data": {"values": [[1, 2]]}}]}}
        yield running


def verified(stand_in: StandIn, folder: Path, *arguments: str) -> Said:
    token = folder / "token"
    token.write_text(TOKEN)
    names = {"SMARTCITY_GRAFANA__URL": stand_in.url, "SMARTCITY_GRAFANA__TOKEN_FILE": str(token)}
    return smartcity("grafana", "verify", *arguments, env=environment(folder, **names))


def test_each_panel_has_a_line_and_an_error_is_exit_code_1(stand_in: StandIn, tmp_path: Path) -> None:
    said = verified(stand_in, tmp_path)
    lines = said.out.splitlines()
    assert "smartcity-bins | Due | ok | 2 rows" in lines
    assert lines[-1] == "1 ok, 0 without data, 2 errors"  # the stand-in has a sick datasource and no rule
    assert said.code == 1
    assert TOKEN not in said.out + said.err


def test_the_same_as_json(stand_in: StandIn, tmp_path: Path) -> None:
    found = json.loads(verified(stand_in, tmp_path, "--json").out)
    assert {"where": "smartcity-bins", "what": "Due", "verdict": "ok", "text": "2 rows"} in found


def test_the_window_is_as_long_as_it_is_asked(stand_in: StandIn, tmp_path: Path) -> None:
    verified(stand_in, tmp_path, "--since", "7d")
    asked = stand_in.queried[0]
    assert int(asked["to"]) - int(asked["from"]) == 7 * 86_400_000


def test_a_window_that_is_none_is_refused(stand_in: StandIn, tmp_path: Path) -> None:
    said = verified(stand_in, tmp_path, "--since", "yesterday")
    assert said.code == 2
    assert stand_in.asked == []


def test_without_credentials_it_says_what_to_set(tmp_path: Path) -> None:
    said = smartcity("grafana", "verify", env=environment(tmp_path))
    assert said.code == 1
    assert said.err.startswith("smartcity: nobody to ask as: set grafana.token_file")


def test_a_refusal_is_one_sentence(stand_in: StandIn, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("hush")
    names = {"URL": stand_in.url, "USER": "admin", "PASSWORD_FILE": str(password)}
    env = environment(tmp_path, **{f"SMARTCITY_GRAFANA__{name}": value for name, value in names.items()})
    said = smartcity("grafana", "verify", env=env)
    assert said.code == 1
    assert said.err == "smartcity: Grafana answers 401: token or user is wrong\n"


@pytest.fixture
def town(stand_in: StandIn, tmp_path: Path) -> Environment:
    """Settings of a registry with two cities."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    with closing(Storage(data=tmp_path).open_registry()) as registry:
        registry.add_organisation(Organisation("giessen", "Gießen"))
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
    names = {"SMARTCITY_GRAFANA__URL": stand_in.url, "SMARTCITY_GRAFANA__TOKEN_FILE": str(token)}
    return environment(tmp_path, **names)


def test_sync_says_what_it_does_and_the_second_time_that_there_is_nothing(town: Environment) -> None:
    first, second = smartcity("grafana", "sync", env=town), smartcity("grafana", "sync", env=town)
    assert "folder | Gießen | added" in first.out.splitlines()
    assert first.out.splitlines()[-1] == "10 added, 2 changed"
    assert (second.code, second.out) == (0, "all is as it should be\n")


def test_a_dry_run_says_it_and_writes_nothing(stand_in: StandIn, town: Environment) -> None:
    said = smartcity("grafana", "sync", "--dry-run", "--json", env=town)
    assert {"what": "folder", "which": "Offenbach", "outcome": "to add", "text": ""} in json.loads(said.out)
    assert stand_in.written == []


def test_a_folder_that_is_refused_ends_its_city_alone(stand_in: StandIn, town: Environment) -> None:
    stand_in.folders["theirs"] = {"title": "Gießen", "permissions": []}
    said = smartcity("grafana", "sync", env=town)
    assert said.code == 1
    assert [line.split(" | ")[2] for line in said.out.splitlines() if "Gießen" in line] == ["error"]
    assert "folder | Offenbach | added" in said.out


def test_a_token_that_may_only_look_is_told_what_it_takes(stand_in: StandIn, town: Environment) -> None:
    stand_in.role = "Viewer"
    said = smartcity("grafana", "sync", env=town)
    assert said.code == 1
    assert said.err == (
        "smartcity: Grafana answers 403: token or user may not do this: "
        "folders, teams and permissions take the role Admin in Grafana\n"
    )


def test_a_long_way_is_gone_in_parts(town: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grafana.commands._MOST", 3)
    said = CliRunner().invoke(door.app, ["grafana", "sync"], env=town)
    assert "stopped after 3 changes: the same call goes on" in said.output


def test_a_registry_without_a_city_is_told_before_grafana_is_asked(stand_in: StandIn, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    names = {"SMARTCITY_GRAFANA__URL": stand_in.url, "SMARTCITY_GRAFANA__TOKEN_FILE": str(tmp_path / "token")}
    said = smartcity("grafana", "sync", env=environment(tmp_path, **names))
    assert said.err == "smartcity: the registry has no city: `smartcity organisations add` takes one in\n"
    assert stand_in.asked == []


def test_a_forgotten_database_comes_with_its_advice() -> None:
    found = judged("board", "panel", {"A": {"error": "database name required"}})
    assert found.text == "A: database name required; restart Grafana once"


def test_boards_are_written_with_links_to_the_public_address(tmp_path: Path) -> None:
    address = environment(tmp_path, SMARTCITY_API__BASE_URL="https://offen.example")
    said = smartcity("grafana", "boards", str(tmp_path / "boards"), env=address)
    assert said.code == 0, said.err
    texts = [file.read_text("utf-8") for file in (tmp_path / "boards").glob("*/*.json")]
    assert len(texts) == 12
    assert all("https://offen.example" in text and "localhost" not in text for text in texts)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = smartcity("grafana", "boards", str(tmp_path / "file"), env=environment(tmp_path))
    assert said.code != 0
    assert "cannot be written" in said.err
