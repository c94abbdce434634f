"""`devices import --from`: what an operator sees of it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import smartcity
from sinks.errors import Invalid
from tests.door import Said, environment
from tests.ingest.house import BIN_EUI, chirpstack

FILES = Path(__file__).parent / "registry/rosters"
KEY = "00112233445566778899AABBCCDDEEFF"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A town with one owner, in which a frame of an unknown bin waits."""
    (tmp_path / "messages.ndjson").write_bytes(chirpstack() + b"\n")
    done("organisations add offenbach Offenbach", tmp_path)
    done(f"ingest --file {tmp_path / 'messages.ndjson'}", tmp_path)
    return tmp_path


def said(line: str, home: Path) -> Said:
    env = {name: value for name, value in environment(home / "data").items() if name.startswith("SMARTCITY_")}
    result = CliRunner().invoke(smartcity.app, shlex.split(line), env=env | {"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.output, "")


def done(line: str, home: Path) -> str:
    answer = said(line, home)
    assert answer.code == 0, answer.out
    return answer.out


def devices(home: Path) -> dict[str, str]:
    return {one["dev_eui"]: one["model"] for one in json.loads(done("devices list --json", home))}


def test_a_dry_run_says_what_would_become_of_each_and_changes_nothing(home: Path) -> None:
    out = done(f"devices import --from things-stack {FILES / 'things_stack_api.json'} --dry-run", home)
    assert "2 added, 0 present, 0 changed, 2 left out; nothing is changed yet" in out
    assert "no decoder is called 'acme water-meter-9'" in out
    assert "it has no DevEUI" in out
    assert devices(home) == {}


def test_an_import_adds_the_devices_and_takes_in_what_waited_for_them(home: Path) -> None:
    out = done(f"devices import --from chirpstack {FILES / 'chirpstack.json'}", home)
    assert "2 added" in out
    assert "1 messages that waited for them are replayed" in out
    assert devices(home) == {BIN_EUI: "milesight_em400_mud", "a84041000181f001": "dragino_lse01"}
    assert json.loads(done("devices adopt --json", home)) == []


def test_the_same_import_again_finds_all_present(home: Path) -> None:
    line = f"devices import --from things-stack {FILES / 'things_stack.csv'}"
    done(line, home)
    assert "0 added, 2 present, 0 changed, 0 left out" in done(line, home)


def test_an_import_says_what_is_missing_and_writes_a_sheet_for_it(home: Path) -> None:
    file = FILES / "things_stack_api.json"
    assert "2 watch no bin or tree yet, 1 of these have a position" in done(
        f"devices import --from things-stack {file}", home
    )
    done(f"devices import --from things-stack {file} --out {home / 'sheet.csv'}", home)
    assert len((home / "sheet.csv").read_text("utf-8-sig").splitlines()) == 3


def test_devices_whose_model_the_list_does_not_name_take_the_one_that_is_given(home: Path) -> None:
    done(f"devices import --from chirpstack {FILES / 'chirpstack_device.json'} --model EM400-MUD", home)
    assert devices(home) == {BIN_EUI: "milesight_em400_mud"}


@pytest.mark.parametrize("name", sorted(file.name for file in FILES.iterdir()))
@pytest.mark.parametrize("more", ["", "--json", "--dry-run"])
def test_no_key_of_the_file_is_printed_or_kept(name: str, more: str, home: Path) -> None:
    server = "things-stack" if name.startswith("things") else "chirpstack"
    out = done(f"devices import --from {server} {FILES / name} --out {home / 'sheet.csv'} {more}", home)
    kept = b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
    assert KEY.lower() not in out.lower()
    assert KEY.lower().encode() not in kept.lower()


def test_a_broken_list_is_told_by_its_line_and_nothing_is_changed(home: Path) -> None:
    (home / "broken.json").write_bytes((FILES / "things_stack_array.json").read_bytes()[:-3])
    with pytest.raises(Invalid, match="line 9 is no JSON"):
        said(f"devices import --from things-stack {home / 'broken.json'}", home)
    assert devices(home) == {}


def test_options_of_a_list_without_a_network_server_are_told(home: Path) -> None:
    answer = said(f"devices import {FILES / 'chirpstack.csv'} --model EM400-MUD", home)
    assert (answer.code, "name the network server" in " ".join(answer.out.split())) == (2, True)
