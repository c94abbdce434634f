"""A codec from the settings to the store, with the command as its users have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.door import environment, smartcity
from tests.ingest.house import BIN_EUI, chirpstack
from tests.ingest.javascript.codecs import GOOD, HOSTILE, in_base64

SETTINGS = """
[codecs.acme_bin]
file = "FOLDER/acme.js"
ports = [2]
values.distance_mm = { path = "level.mm", unit = "mm" }
values.battery_v = { path = "bat", unit = "V" }
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    (tmp_path / "smartcity.toml").write_text(SETTINGS.replace("FOLDER", str(tmp_path)))
    frames = [json.loads(chirpstack(f_port=2, f_cnt=n, frame_id=f"frame-{n}")) for n in range(3)]
    lines = [json.dumps(frame | {"data": in_base64(bytes([4, 176, 250, 20]))}) for frame in frames]
    (tmp_path / "messages.ndjson").write_text("\n".join(lines))
    (tmp_path / "acme.js").write_text(GOOD)
    assert run(tmp_path, "organisations", "add", "offenbach", "Offenbach") == "offenbach added\n"
    assert "added" in run(tmp_path, "devices", "add", BIN_EUI, "--model", "ACME_BIN", "--organisation", "offenbach")
    return tmp_path


def run(town: Path, *arguments: str, code: int = 0) -> str:
    said = smartcity("--config", str(town / "smartcity.toml"), *arguments, env=environment(town / "data"))
    assert said.code == code, said.out + said.err
    return said.out + said.err


def test_frames_of_a_device_with_a_codec_are_stored(town: Path) -> None:
    assert "3 stored" in run(town, "ingest", "--file", str(town / "messages.ndjson"))
    assert json.loads(run(town, "dead-letters", "list", "--json")) == []


def test_a_hostile_codec_leaves_letters_and_after_it_was_mended_they_come_in(town: Path) -> None:
    (town / "acme.js").write_text(HOSTILE["a loop"][0])
    assert "3 dead_letter" in run(town, "ingest", "--file", str(town / "messages.ndjson"))
    letters = json.loads(run(town, "dead-letters", "list", "--json"))
    assert {letter["reason"] for letter in letters} == {"decode/js_timeout"}
    (town / "acme.js").write_text(GOOD)
    assert "3 messages replayed" in run(town, "dead-letters", "replay", "--reason", "decode/js_timeout")
    (town / "empty.ndjson").write_text("")
    assert "3 stored" in run(town, "ingest", "--file", str(town / "empty.ndjson"))


def test_a_codec_is_decoded_listed_and_checked_by_its_name(town: Path) -> None:
    decoded = json.loads(run(town, "decode", "acme_bin", "2", "04b0fa14", "--json"))
    assert decoded["readings"][0]["values"] == {"distance_mm": 1200.0, "battery_v": 2.5}
    models = json.loads(run(town, "devices", "models", "--json"))
    assert models[-1]["key"] == "acme_bin"
    assert "none are known" in run(town, "codec", "check", "acme_bin")


def test_a_changed_script_is_another_revision_for_reprocess(town: Path) -> None:
    run(town, "ingest", "--file", str(town / "messages.ndjson"))
    (town / "acme.js").write_text(GOOD.replace("| b[1]", "| b[1] + 1"))
    said = run(town, "reprocess", "--model", "acme_bin", "--since", "2026-01-01", "--dry-run", "--json")
    assert set(json.loads(said)["quantities"]) == {"bin_level.decoder", "bin_level.distance_mm"}


def test_a_codec_that_is_not_there_stops_the_start_with_a_sentence(town: Path) -> None:
    (town / "acme.js").unlink()
    said = run(town, "ingest", "--file", str(town / "messages.ndjson"), code=2)
    assert said.startswith(f"smartcity: the codec {town}/acme.js cannot be read")


def test_a_codec_may_not_take_the_name_of_a_decoder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "smartcity.toml").write_text(SETTINGS.replace("acme_bin", "lse01"))
    assert "lse01 is decoded without a codec, as dragino_lse01" in run(tmp_path, "config", code=2)


def test_a_sheet_of_devices_may_name_a_codec(town: Path) -> None:
    sheet = "organisation;dev_eui;model\noffenbach;24e124713b490077;acme_bin\n"
    (town / "devices.csv").write_text(sheet)
    assert "1 records written" in run(town, "devices", "import", str(town / "devices.csv"))
