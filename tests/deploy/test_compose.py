"""The compose file: valid, closed to the outside, without a secret, and every service under the same restrictions."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.native import Installation, compose_file, readme_commands
from tests.door import ROOT
from tests.servers import compose

FILE = compose_file()
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
BACKED_UP = [name for name in FILE["volumes"] if name != "boards"]  # these are made at every start
ONE_SHOT = {"setup", "boards", "backup"}
LASTING = {name: given for name, given in SERVICES.items() if name not in ONE_SHOT}
EACH = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


@pytest.mark.server("compose")
def test_compose_takes_the_file_and_shows_no_secret(installation: Installation) -> None:
    shown = compose.config(installation.folder)
    assert set(yaml.safe_load(shown)["services"]) >= set(LASTING)
    assert [name for name, secret in installation.secrets.items() if secret in shown] == []


@pytest.mark.server("compose")
def test_the_variables_of_the_environment_file_are_used(installation: Installation) -> None:
    env = installation.folder / ".env"
    env.write_text("BIND=192.0.2.7\nAPI_PORT=9000\nSETTINGS=./city.toml\nRETENTION_DAYS=30\n")
    try:
        shown = compose.config(installation.folder)
    finally:
        env.unlink()
    assert re.search(r"192\.0\.2\.7:9000:8000(/tcp)?|host_ip: 192\.0\.2\.7", shown)
    assert "city.toml" in shown
    assert "--retention-days=30" in shown


@EACH
def test_a_service_may_do_no_more_than_it_must(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not service.get("privileged")


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_service_is_no_root_comes_back_and_is_looked_after(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    ours = service["image"].startswith("open-smartcity-sensors:")  # its user and check stand in the Dockerfile
    assert ours or not service["user"].startswith("0")
    assert ours or service["healthcheck"]["test"][0] == "CMD"
    assert "cap_add" not in service


def test_only_the_backup_is_root_and_it_has_no_network() -> None:
    backup = SERVICES["backup"]
    assert (backup["user"], backup["network_mode"], backup["profiles"]) == ("0:0", "none", ["backup"])
    assert {volume.split(":")[0] for volume in backup["volumes"]} == {*BACKED_UP, "./backup"}


@EACH
def test_an_image_is_named_by_its_full_version(service: dict[str, Any]) -> None:
    assert re.search(r":\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$", service["image"])


def test_ports_are_published_on_this_machine_only_and_never_those_of_the_database() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} {port}"
    assert "ports" not in SERVICES["influxdb"]
    assert SERVICES["influxdb"]["networks"] == ["store"]
    assert FILE["networks"]["store"] == {"internal": True}


def test_a_service_waits_for_what_it_needs() -> None:
    for name in ("ingest", "derive", "api", "grafana"):
        assert SERVICES[name]["depends_on"]["setup"] == {"condition": "service_completed_successfully"}
    assert SERVICES["setup"]["depends_on"] == {"influxdb": {"condition": "service_healthy"}}
    assert SERVICES["ingest"]["depends_on"]["mosquitto"] == {"condition": "service_healthy"}


def test_each_secret_goes_only_to_who_needs_it() -> None:
    granted = {secret: {n for n, s in SERVICES.items() if secret in s.get("secrets", [])} for secret in FILE["secrets"]}
    assert granted == {
        "influxdb_admin_password": {"setup"},
        "influxdb_admin_token": {"setup"},
        "grafana_admin_password": {"grafana"},
        "mqtt_ingest": {"mosquitto", "ingest"},
        "mqtt_publisher": {"mosquitto"},
    }
    held = {
        token: {name for name, s in SERVICES.items() for v in s.get("volumes", []) if v.startswith(f"{token}-token:")}
        for token in ("write", "read")
    }
    assert held == {
        "write": {"setup", "ingest", "derive", "backup"},
        "read": {"setup", "derive", "api", "grafana", "backup"},
    }


def test_no_secret_stands_in_the_environment() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET", name):
                assert re.match(r"/run/secrets/|/tokens/|\$__file\{/tokens/", str(value)), name


def test_every_file_that_is_mounted_is_there() -> None:
    made_by_init = {".secrets", "backup"}
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and Path(source).parts[0] not in made_by_init:
                assert (ROOT / source).exists(), source


def test_what_a_service_writes_to_is_a_volume_or_memory() -> None:
    """Volumes that images declare are listed too: else each new container would leave an unnamed one behind."""
    declared = {
        "mosquitto": {"/mosquitto/data", "/mosquitto/log"},
        "influxdb": {"/var/lib/influxdb2", "/etc/influxdb2"},
    }
    for name, paths in declared.items():
        mounted = {volume.split(":")[1] for volume in SERVICES[name]["volumes"]}
        mounted |= {path.split(":")[0] for path in SERVICES[name]["tmpfs"]}
        assert paths <= mounted


def test_grafana_asks_nobody_outside() -> None:
    given = SERVICES["grafana"]["environment"]
    for name in ("ANALYTICS_REPORTING_ENABLED", "ANALYTICS_CHECK_FOR_UPDATES", "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
                 "NEWS_NEWS_FEED_ENABLED", "SNAPSHOTS_EXTERNAL_ENABLED"):  # fmt: skip
        assert given[f"GF_{name}"] == "false"
    assert given["GF_PLUGINS_PREINSTALL_DISABLED"] == given["GF_SECURITY_DISABLE_GRAVATAR"] == "true"


def test_grafana_may_read_the_token_as_a_member_of_the_images_group() -> None:
    assert SERVICES["grafana"]["group_add"] == [re.findall(r"--gid (\d+)", (ROOT / "Dockerfile").read_text())[0]]


def test_a_backup_brings_everything_back(tmp_path: Path) -> None:
    """The very commands of README.md, on folders instead of volumes."""
    here = Installation(tmp_path)
    save, restore = (words[5:] or None for words in readme_commands() if words[2:5] == ["run", "--rm", "backup"])
    kept = [here.mounts("backup")[f"/volumes/{name}"] / "kept" for name in BACKED_UP]
    for file in kept:
        file.write_text(file.parent.name)
    assert here.run("backup", save).returncode == 0
    for file in kept:
        shutil.rmtree(file.parent)
    done = here.run("backup", restore)
    assert done.returncode == 0, done.stderr
    assert [file.read_text() for file in kept] == BACKED_UP
