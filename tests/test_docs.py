"""The documentation says what is so: every command, path, setting and link shown in it is tried or compared."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from decoders import all_decoders
from ingest.networks.table import NETWORKS
from smartcity_settings import Settings, load
from tests.door import ROOT, environment, smartcity
from tests.test_commands import COMMANDS

PAGES = sorted(path for path in ROOT.rglob("*.md") if not {".venv", "data", "node_modules"} & set(path.parts))
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
CODE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[|;&] *|\$ |/)smartcity((?: +[^\s|;&#`<>()]+)+)", re.MULTILINE)


def code(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return [block for found, block in CODE.findall(page.read_text("utf-8")) if found == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    targets = [target for target, _ in LINK.findall(page.read_text("utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_shown_exists_with_its_options(page: Path) -> None:
    blocks = "\n".join(code(page, "sh") + code(page, "console"))
    for line in COMMAND.findall(blocks):
        words = shlex.split(line, comments=True)
        path = next((tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in COMMANDS), None)
        if path is None and words[0] in {"--help", "COMMAND", "--config"}:
            continue
        assert path is not None, f"{page.name}: smartcity {line.strip()}"
        known = {
            option for parameter in COMMANDS[path].params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known | {"--help"}]
        assert unknown == [], f"{page.name}: smartcity {line.strip()}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_shown_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", "\n".join(code(page, "sh")))) <= targets


def test_the_readme_decodes_what_it_says_it_decodes(tmp_path: Path) -> None:
    (example,) = code(ROOT / "README.md", "console")
    first, _, shown = example.partition("\n")
    said = smartcity(*shlex.split(first.removeprefix("$ smartcity ")), env=environment(tmp_path))
    assert said.out == shown


def test_first_values_and_green_tests_are_within_one_screen() -> None:
    screen = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:24])
    assert "make run" in screen
    assert "make test" in screen
    assert "http://localhost:8000" in screen
    assert "docs/page.png" in screen


def test_the_pictures_exist() -> None:
    assert (ROOT / "docs/page.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_mappings_shown_are_settings(tmp_path: Path) -> None:
    blocks = [block for page in PAGES for block in code(page, "toml") if "[mappings." in block]
    assert blocks
    for block in blocks:
        file = tmp_path / "smartcity.toml"
        file.write_text(block)
        assert load(file, {}).settings.mappings


def test_codecs_shown_are_settings(tmp_path: Path) -> None:
    (block,) = [block for page in PAGES for block in code(page, "toml") if "[codecs." in block]
    file = tmp_path / "smartcity.toml"
    file.write_text(block)
    assert set(load(file, {}).settings.codecs) == {"acme_bin", "acme_soil"}


def test_the_sample_settings_are_no_settings_until_they_are_uncommented() -> None:
    assert tomllib.loads((ROOT / "smartcity.toml").read_text("utf-8")) == {}
    assert load(ROOT / "smartcity.toml", {}).settings == Settings()


def test_the_changelog_names_every_device_and_command() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert [path[0] for path in COMMANDS if f"`{path[0]}`" not in text] == []


def test_nothing_names_this_machine_or_a_package_index() -> None:
    locks = "".join((ROOT / name).read_text("utf-8") for name in ("requirements.lock", "requirements-dev.lock"))
    assert "://" not in locks
    assert "--hash=sha256:" in locks


def test_the_readme_counts_what_is_read() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named, more = ("The Things Stack", "ChirpStack", "ThingPark", "LORIOT"), re.search(r"LORIOT, (\d+) more", text)
    assert more
    assert len(NETWORKS) == len(named) + int(more[1])
    assert f"{sum(len(decoder.models) for decoder in all_decoders().values())} models" in text
