from __future__ import annotations

from pathlib import Path

import pytest

import smartcity_settings
from smartcity_settings import SettingsError, in_force, load
from tests.door import ROOT


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "smartcity.toml"
    file.write_text(text)
    return file


def test_without_a_file_the_defaults_are_in_force() -> None:
    loaded = load(None, {"SMARTCITY_CONFIG": str(ROOT / "smartcity.toml")})
    assert loaded.settings.api.port == 8000
    assert loaded.settings.store.kind == "embedded"


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(tmp_path: Path) -> None:
    file = written(tmp_path, 'data = "/tmp/x"\n[api]\nport = 8001\ntitle = "Offenbach"\n')
    loaded = load(file, {"SMARTCITY_API__PORT": "8002"})
    assert (loaded.settings.api.port, loaded.settings.api.title) == (8002, "Offenbach")
    origins = {key: origin for key, _, origin in in_force(loaded)}
    assert origins["api.port"] == "environment"
    assert origins["api.title"] == str(file)
    assert origins["api.host"] == "default"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[api]\nprot = 1\n", "api.prot: there is no setting prot; did you mean port?"),
        ("[apy]\nport = 1\n", "apy: there is no setting apy; did you mean api?"),
        ('[mqtt.main]\nhots = "x"\n', "mqtt.main.hots: there is no setting hots; did you mean host?"),
        ('[store.influxdb]\nbuket = "x"\n', "store.influxdb.buket: there is no setting buket; did you mean bucket?"),
        ("[api]\nport = 99999\n", "api.port:"),
        ('[store]\nkind = "influx"\n', "store.kind:"),
        ("[api\n", "cannot be read"),
    ],
)
def test_a_wrong_setting_names_the_file_the_key_and_the_nearest_right_one(tmp_path: Path, text: str, said: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as error:
        load(file, {})
    assert said in str(error.value)
    assert str(file) in str(error.value)


def test_a_wrong_environment_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"SMARTCITY_DATTA.*did you mean data"):
        load(written(tmp_path, ""), {"SMARTCITY_DATTA": "x"})
    with pytest.raises(SettingsError, match=r"environment: api\.prot"):
        load(written(tmp_path, ""), {"SMARTCITY_API__PROT": "1"})


def test_a_variable_holds_a_list_as_json_and_a_text_as_it_is(tmp_path: Path) -> None:
    environment = {"SMARTCITY_MQTT__MAIN__TOPICS": '["a/#", "b/#"]', "SMARTCITY_MQTT__MAIN__PASSWORD": "[1]"}
    main = load(written(tmp_path, ""), environment).settings.mqtt["main"]
    assert (main.topics, main.secret()) == (("a/#", "b/#"), "[1]")


def test_a_list_that_is_no_json_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r'environment: .*"mqtt".* as JSON'):
        load(written(tmp_path, ""), {"SMARTCITY_MQTT__MAIN__TOPICS": "a/#"})


def test_a_table_of_the_environment_goes_before_a_text_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, '[mqtt]\nmain = "x"\n')
    assert load(file, {"SMARTCITY_MQTT__MAIN__PORT": "1884"}).settings.mqtt["main"].port == 1884


def test_a_settings_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no settings file"):
        load(tmp_path / "none.toml", {})


def test_secrets_are_hidden(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '[mqtt.main]\npassword = "hush-1"\n[store.influxdb]\nwrite_token = "hush-2"\n'
        '[[webhook.hooks]]\nname = "tts"\ntoken = "hush-3-and-long-enough"\n[registry]\nurl = "postgresql://a:hush-4@b/c"\n',
    )
    shown = "\n".join(f"{key} {value}" for key, value, _ in in_force(load(file, {})))
    assert "hush" not in shown
    assert "mqtt.main.password **********" in shown


def test_the_sample_file_shows_every_setting_with_its_default(tmp_path: Path) -> None:
    """Each commented default, taken out of its comment, is the default; and none is forgotten."""
    sample = (ROOT / "smartcity.toml").read_text(encoding="utf-8")
    uncommented = "\n".join(
        line[2:] if line.startswith("# ") and _is_setting(line[2:]) else line for line in sample.splitlines()
    )
    from_sample = load(written(tmp_path, uncommented), {})
    defaults = load(written(tmp_path / "..", ""), {})
    assert from_sample.settings == defaults.settings
    shown = {key for key, _, origin in in_force(from_sample) if origin != "default"}
    secret = {"write_token", "write_token_file", "read_token", "read_token_file", "password", "url"}
    missing = {key for key, _, _ in in_force(defaults) if key not in shown and key.rsplit(".", 1)[-1] not in secret}
    assert {key for key in missing if f"{key.rsplit('.', 1)[-1]} =" not in sample} == set()


def _is_setting(line: str) -> bool:
    name = line.split(" = ", maxsplit=1)[0]
    return line.startswith("[") or (" = " in line and name.replace("_", "").isalnum() and name.islower())


def test_nothing_but_the_door_reads_the_environment() -> None:
    rooms = [path for room in ("ingest", "decoders", "sinks", "api") for path in (ROOT / room).rglob("*.py")]
    assert [
        path.name for path in rooms if "os.environ" in path.read_text("utf-8") or "getenv" in path.read_text("utf-8")
    ] == []
    assert "os.environ" in Path(smartcity_settings.__file__).read_text("utf-8")


def test_no_room_knows_the_door() -> None:
    rooms = [path for room in ("ingest", "decoders", "sinks", "api", "grafana") for path in (ROOT / room).rglob("*.py")]
    assert [path.name for path in rooms if "import smartcity" in path.read_text("utf-8")] == []
