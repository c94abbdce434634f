"""The command line as documented: every command has a help with an example, and every example runs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import smartcity
from sinks.ports import Settlement
from sinks.storage import Storage
from tests.door import ROOT, Said, environment, started
from tests.door import smartcity as command
from tests.ingest.house import BIN_EUI, chirpstack
from tests.servers import mosquitto
from tests.servers.process import free_port

LASTING = {"run", "ingest", "api", "simulate", "doctor", "influx", "grafana"}
"""Commands that go on running or need a server: tried in their own tests."""


CODEC = "function decodeUplink(i) { return { data: { mm: i.bytes[0] * 10 } }; }"
CODEC_YAML = """
uplinkDecoder:
  fileName: acme-bin.js
  examples: [{input: {fPort: 2, bytes: [120]}, output: {data: {mm: 1200}}}]
"""


def every_command() -> Iterator[tuple[tuple[str, ...], Any]]:
    def below(group: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        for name, found in getattr(group, "commands", {}).items():
            yield from below(found, (*path, name))
            if not hasattr(found, "commands") or found.invoke_without_command:
                yield (*path, name), found

    yield from below(typer.main.get_command(smartcity.app), ())


COMMANDS = dict(every_command())
NAMES = [" ".join(path) for path in COMMANDS]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one device, one asset and one dead letter, and the files that examples name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devices.csv").write_bytes((ROOT / "sinks/registry/example.csv").read_bytes())
    (tmp_path / "messages.ndjson").write_bytes(chirpstack() + b"\n")
    (tmp_path / "acme-bin.js").write_text(CODEC)
    (tmp_path / "acme-bin-codec.yaml").write_text(CODEC_YAML)
    (tmp_path / "message.json").write_text(json.dumps({"id": "tank 7", "ts": 1795558320, "level": 211.6}))
    for arguments in (
        "organisations add giessen Gießen",
        "organisations add marburg Marburg",
        "devices add 24e124713b490009 --model milesight_em400_mud --organisation giessen",
        "assets add of-bin-1 --kind bin --organisation giessen --name Wilhelmsplatz --lat 50.1 --lon 8.7",
        "ingest --file messages.ndjson",
        "assets export --out assets.geojson",
    ):
        said = invoke(arguments, tmp_path)
        assert said.code == 0, said.out
    return tmp_path


def invoke(line: str, home: Path, stdin: str = "") -> Said:
    """A command in this process, as fast as a test needs it; exceptions are the door's to tell."""
    env = {name: value for name, value in environment(home / "data").items() if name.startswith("SMARTCITY_")}
    result = CliRunner().invoke(smartcity.app, shlex.split(line), input=stdin, env=env | {"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.output, "")


@pytest.mark.parametrize("path", COMMANDS, ids=NAMES)
def test_every_command_says_what_it_does_and_shows_an_example(path: tuple[str, ...]) -> None:
    found = COMMANDS[path]
    assert found.help
    assert found.epilog
    assert found.epilog.startswith(f"Example: smartcity {' '.join(path)}")


@pytest.mark.parametrize("path", [p for p in COMMANDS if p[0] not in LASTING], ids=" ".join)
def test_every_example_runs(path: tuple[str, ...], home: Path) -> None:
    line = (COMMANDS[path].epilog or "").removeprefix("Example: smartcity ").split("<")[0]
    prepare(path, home)
    if "KEY_ID" in line:
        token = invoke("keys create x", home).out.strip()
        line = line.replace("KEY_ID", json.loads(invoke("keys list --json", home).out)[0]["id"])
        assert token
    said = invoke(line, home, stdin=(home / "messages.ndjson").read_text())
    assert said.code == 0, said.out


def prepare(path: tuple[str, ...], home: Path) -> None:
    """What must be so for an example to have something to do."""
    before: dict[tuple[str, ...], list[str]] = {
        ("devices", "adopt"): ["organisations add offenbach Offenbach"],
        ("devices", "add"): ["organisations add offenbach Offenbach"],
        ("assets", "add"): ["organisations add offenbach Offenbach"],
        ("devices", "remove"): [f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen"],
        ("devices", "install"): [f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen"],
        ("devices", "import"): ["organisations add offenbach Offenbach"],
        ("assets", "remove"): [
            "assets add of-bin-9 --kind bin --organisation giessen --name x --lat 50.1 --lon 8.7",
        ],
    }
    installed = [
        f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen",
        f"devices install {BIN_EUI} of-bin-1 --mount empty_mm=1200 --mount full_mm=200 --since 2026-01-01",
    ]
    before["devices", "uninstall"] = installed
    before["devices", "swap"] = [*installed, "devices add 24e124713b490002 --model EM400-MUD --organisation giessen"]
    if path == ("journal", "retire"):
        with closing(Storage(data=home / "data").open_ledger()) as ledger:
            ledger.settle(Settlement("influxdb", 1))
    for line in before.get(path, []):
        said = invoke(line, home)
        assert said.code == 0, said.out


def test_an_unknown_device_waits_and_comes_in_when_it_is_added(home: Path) -> None:
    letters = json.loads(invoke("dead-letters list --json", home).out)
    assert [(letter["reason"], letter["device"]) for letter in letters] == [("observe/unknown_device", BIN_EUI)]

    said = invoke(f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen", home)
    assert "1 messages that waited for it are replayed" in said.out
    assert json.loads(invoke("dead-letters list --json", home).out) == []

    (home / "empty.ndjson").write_text("")
    assert "1 stored" in invoke("ingest --file empty.ndjson", home).out


def test_a_device_may_be_written_as_on_its_label(home: Path) -> None:
    label = "-".join(BIN_EUI.upper()[n : n + 2] for n in range(0, 16, 2))
    said = invoke(f"devices add {label} --model EM400-MUD --organisation giessen", home)
    assert f"{BIN_EUI} added; 1 messages" in said.out


def test_a_list_has_one_line_for_each_however_long(home: Path) -> None:
    head, letter, total = invoke("dead-letters list", home).out.splitlines()
    assert head.split() == ["id", "created", "reason", "device", "detail"]
    assert "observe/unknown_device" in letter
    assert letter.endswith("`smartcity devices adopt` takes it in")
    assert total == "1 open: observe/unknown_device"


def test_what_dead_letters_export_writes_is_what_ingest_reads(home: Path) -> None:
    invoke("dead-letters export --out letters.ndjson", home)
    invoke(f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen", home)
    assert "stored" in invoke("ingest --file letters.ndjson", home).out


def test_replay_says_what_it_would_do_and_then_does_it(home: Path) -> None:
    invoke(f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen", home)
    dry = invoke("replay --dry-run", home).out
    assert "1 points would be written, 1 duplicates" in dry
    assert "1 points written" in invoke("replay", home).out
    assert "0 messages replayed" in invoke("replay --source nobody", home).out


def test_a_wrong_import_names_row_and_column_and_changes_nothing(home: Path) -> None:
    (home / "wrong.csv").write_text("organisation;dev_eui;model\ngiessen;24e124713b4900;milesight_em400_mut\n")
    env = environment(home / "data")
    said = command("devices", "import", str(home / "wrong.csv"), env=env)
    assert said.code == 1
    assert "row 2" in said.out
    assert "16 hex digits" in said.out
    assert said.err.startswith("smartcity: nothing was imported")
    assert len(json.loads(invoke("devices list --json", home).out)) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["decode", "EM401-MUD", "85", "0175"], 1, "unknown_model"),
        (["decode"], 2, "give MODEL PORT HEX"),
        (["nonsense"], 2, "No such command"),
        (["dead-letters", "show", "77"], 1, "there is no dead letter 77"),
        (["dead-letters", "replay"], 2, "name a --reason or a --device"),
        (["--config", "none.toml", "config"], 2, "there is no settings file none.toml"),
        (
            ["devices", "add", "24e124713b490001", "--model", "milesight_em400", "--organisation", "x"],
            1,
            "milesight_em400_",
        ),
    ],
)
def test_a_failure_is_one_sentence_and_an_exit_code(arguments: list[str], code: int, says: str, tmp_path: Path) -> None:
    said = command(*arguments, env=environment(tmp_path / "data"))
    assert said.code == code, said.err
    assert says in said.out + said.err
    assert "Traceback" not in said.err


def test_decode_batch_answers_every_line_also_the_wrong_ones(tmp_path: Path) -> None:
    lines = '{"model":"LSE01","f_port":2,"payload_hex":"0d0c000008a408e5007b00"}\nno json\n'
    said = command("decode", "--batch", env=environment(tmp_path), stdin=lines)
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert said.code == 0
    assert (first["line"], first["kind"], first["readings"][0]["values"]["soil_moisture_pct"]) == (
        1,
        "telemetry",
        22.12,
    )
    assert (second["line"], second["kind"], second["readings"]) == (2, "error", [])


def test_unwrap_answers_every_line(tmp_path: Path) -> None:
    body = json.loads(chirpstack())
    lines = json.dumps({"topic": None, "network": None, "body": body}) + '\n{"topic":"t","text":"x"}\n'
    said = command("unwrap", env=environment(tmp_path), stdin=lines)
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert (first["outcome"], first["dev_eui"], first["f_cnt"]) == ("data", BIN_EUI, 7)
    assert (second["line"], second["outcome"]) == (2, "dead_letter")


def test_a_mapping_is_tried_until_it_can_stand_in_the_settings(home: Path) -> None:
    message = json.dumps({"id": "tank 7", "ts": "2026-11-24T23:12:00", "data": [{"level": 211.6}]})
    wrong = invoke("map --try - --device id --time ts --value distance_mm=data[0].levl:cm", home, stdin=message)
    assert wrong.code == 1
    assert "nothing is there; the message has data[0].level" in wrong.out
    assert "declare a timezone" not in wrong.out  # first things first: no value, no reading

    line = "map --try - --device id --time ts --timezone Europe/Berlin --value distance_mm=data[0].level:cm"
    right = invoke(line, home, stdin=message)
    assert right.code == 0
    assert "1 values of NAME/tank 7 would be stored" in right.out
    settings = right.out.partition("in the settings:")[2].replace("NAME", "tanks")
    (home / "own.toml").write_text(settings)

    declared = command(
        "--config", str(home / "own.toml"), "map", "--try", "-", "--mapping", "tanks", "--json",
        env=environment(home / "data"), stdin=message,
    )  # fmt: skip
    said = json.loads(declared.out)
    assert said["outcome"] == "data"
    values = {step["reads"]: step["value"] for step in said["steps"]}
    assert values == {"device": "tanks/tank 7", "time": "2026-11-24T22:12:00Z", "distance_mm": "2116"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--device id --value distance_mm=level:cmm", "did you mean 'mm'"),
        ("--device id --value distance_mm", "is no QUANTITY=PATH:UNIT"),
        ("--device id --value distance=level:cm", "is not in the vocabulary"),
        ("--mapping tanks", "there is no mapping 'tanks'"),
        ("", "name a --mapping of the settings"),
    ],
)
def test_a_mapping_that_cannot_be_tried_says_what_would_be_right(arguments: str, says: str, home: Path) -> None:
    said = invoke(f"map --try message.json {arguments}", home)
    assert (said.code, says in " ".join(said.out.split())) == (2, True), said.out


def test_what_the_simulator_prints_can_be_unwrapped(tmp_path: Path) -> None:
    printed = command("simulate", "--print", "40", env=environment(tmp_path)).out
    said = command("unwrap", env=environment(tmp_path), stdin=printed)
    outcomes = {json.loads(line)["outcome"] for line in said.out.splitlines()}
    assert outcomes <= {"data", "join"}
    assert len(said.out.splitlines()) == 40


@pytest.mark.server("mosquitto")
def test_the_doctor_finds_a_sound_house_and_names_what_is_not(tmp_path: Path) -> None:
    with mosquitto.running("listener 1883\nallow_anonymous true\nmax_queued_messages 10000\n") as broker:
        env = environment(tmp_path, SMARTCITY_MQTT__MAIN__PORT=str(broker.port), SMARTCITY_API__PORT=str(free_port()))
        said = command("doctor", "--json", env=env)
        assert said.code == 0, said.out
        assert {finding["verdict"] for finding in json.loads(said.out)} <= {"ok", "warning"}
    said = command("doctor", env=env)
    assert said.code == 1
    assert f"failed   broker 127.0.0.1:{broker.port}" in said.out


def test_the_api_says_when_its_port_is_taken(tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path / "data", SMARTCITY_API__PORT=str(port))
    with started("api", env=env, log=tmp_path / "api.log"):
        from tests.servers.process import accepts, wait_for  # noqa: PLC0415

        wait_for(lambda: accepts(port), 30, "the API")
        said = command("api", env=env)
    assert said.code == 2
    assert str(port) in said.err
