"""README.md of this deployment: every command is one that exists, every table says what the compose file says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from smartcity_settings import load
from tests.deploy.native import Installation, compose_file, readme_blocks, readme_commands
from tests.door import ROOT
from tests.servers import compose
from tests.test_commands import COMMANDS

TEXT = (ROOT / "deploy" / "README.md").read_text("utf-8")
SERVICES = compose_file()["services"]
OPTIONS = {
    "up": {"--detach", "--build", "--wait", "--force-recreate"},
    "exec": {"-T"},
    "restart": set(),
    "stop": set(),
    "down": {"--volumes"},
    "build": {"--pull"},
    "run": {"--rm"},
    "ps": {"--all"},
    "logs": {"--tail"},
}
"""Of compose 2, as far as they are used."""

COMPOSE = [words[2:] for words in readme_commands() if words[:2] == ["docker", "compose"]]
OTHERS = [words for words in readme_commands() if words[:2] != ["docker", "compose"]]


@pytest.mark.parametrize("words", COMPOSE, ids=" ".join)
def test_a_compose_command_has_known_options_and_services(words: list[str]) -> None:
    verb, *rest = words
    own = (
        rest if verb not in {"exec", "run"} else rest[: next(n for n, word in enumerate(rest) if word in SERVICES) + 1]
    )
    options = {word for word in own if word.startswith("-")}
    assert options <= OPTIONS[verb]
    assert {word for word in own if word not in options and not word.isdigit()} <= SERVICES.keys()


@pytest.mark.parametrize("words", [w for w in COMPOSE if "smartcity" in w], ids=" ".join)
def test_a_command_in_a_container_exists_with_its_options(words: list[str]) -> None:
    at = words.index("smartcity")
    assert SERVICES[words[at - 1]]["image"].startswith("open-smartcity-sensors:")
    path = next(tuple(words[at + 1 : at + 1 + n]) for n in (2, 1) if tuple(words[at + 1 : at + 1 + n]) in COMMANDS)
    known = {option for parameter in COMMANDS[path].params for option in parameter.opts}
    assert {word for word in words[at:] if word.startswith("-")} <= known


@pytest.mark.parametrize("words", OTHERS, ids=" ".join)
def test_every_other_command_is_the_hosts_or_ours(words: list[str]) -> None:
    program = words[0]
    assert program == "cd" or shutil.which(program) or os.access(ROOT / program, os.X_OK)


def test_running_takes_four_commands() -> None:
    assert [shlex.split(line, comments=True)[:3] for line in readme_blocks("sh")[0].strip().splitlines()] == [
        ["cd", "open-smartcity-sensors"],
        ["deploy/init"],
        ["docker", "compose", "up"],
        ["docker", "compose", "exec"],
    ]


def test_the_table_of_variables_is_the_compose_files() -> None:
    named = re.findall(r"\$\{(\w+):-([^}]*)\}", (ROOT / "docker-compose.yml").read_text("utf-8"))
    shown: dict[str, str] = {}
    for given, column in re.findall(r"^\| (`[A-Z_`, ]+`) \|([^|]*)\|", TEXT, re.MULTILINE):
        names, defaults = re.findall(r"`(\w+)`", given), column.strip().split(", ")
        shown |= zip(names, defaults if len(defaults) > 1 else defaults * len(names), strict=True)
    assert shown == dict(named)


def test_the_table_of_services_is_the_compose_files() -> None:
    shown = dict(re.findall(r"^\| `([a-z]+)` \| (\d+) \|", TEXT, re.MULTILINE))
    (ours,) = re.findall(r"^USER (\d+):", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    runs_as = {name: str(given.get("user", ours)).split(":")[0] for name, given in SERVICES.items() if name != "backup"}
    assert shown == runs_as


def test_the_settings_shown_are_settings(tmp_path: Path) -> None:
    (block,) = readme_blocks("toml")
    assert tomllib.loads(block)
    file = tmp_path / "city.toml"
    file.write_text(block)
    assert load(file, {}).settings.mqtt["things_stack"].tls


@pytest.mark.server("compose")
@pytest.mark.parametrize(
    ("service", "secrets"),
    [("ingest", {"mqtt_ingest", "things_stack"}), ("grafana", {"grafana_admin_password", "smtp"})],
)
def test_an_override_shown_gives_a_service_one_secret_more(
    installation: Installation, service: str, secrets: set[str]
) -> None:
    override = installation.folder / "docker-compose.override.yml"
    (block,) = (one for one in readme_blocks("yaml") if f"  {service}:" in one and "secrets" in one)
    override.write_text(block)
    try:
        shown = yaml.safe_load(compose.config(installation.folder))
    finally:
        override.unlink()
    granted = {
        secret["source"] if isinstance(secret, dict) else secret for secret in shown["services"][service]["secrets"]
    }
    assert granted == secrets
