"""`smartcity grafana verify` as its users have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from grafana.verify import judged
from tests.door import Said, environment, smartcity
from tests.grafana.stand_in import TOKEN, StandIn, serving


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
    assert said.err == "smartcity: Grafana answers 401: token or user is wrong, or may not do this\n"


def test_a_forgotten_database_comes_with_its_advice() -> None:
    found = judged("board", "panel", {"A": {"error": "database name required"}})
    assert found.text == "A: database name required; restart Grafana once"
