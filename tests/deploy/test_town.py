"""The services of the compose file on this machine: a frame that a network server publishes is in the API's answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from grafana.__main__ import BOARDS
from tests.deploy.native import Installation, readme_commands
from tests.ingest.house import BIN_EUI, chirpstack
from tests.servers.process import HOST, Process, wait_for
from tests.test_way import now

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.server("influxdb")]

DEVICES = f"""\
organisation;dev_eui;model;asset_id;kind;name;lat;lon;capacity_l;from;mount.empty_mm;mount.full_mm
offenbach;{BIN_EUI};milesight_em400_mud;of-bin-1;bin;Wilhelmsplatz 1;50,1037;8,7672;240;01.03.2026;3000;1000
"""


@pytest.fixture(scope="module")
def town(installation: Installation) -> Iterator[dict[str, Process]]:
    """In the order that `depends_on` gives: broker and database, the set-up, intake and API."""
    running = {name: installation.process(name, port) for name, port in (("mosquitto", 1883), ("influxdb", 8086))}
    with ExitStack() as stack:
        for name in ("mosquitto", "influxdb"):
            stack.callback(running[name].stop)
            running[name].start()
        wait_for(lambda: _answers(f"http://{HOST}:{installation.ports[8086]}/ready"), 30, "InfluxDB")
        done = installation.run("setup")
        assert done.returncode == 0, done.stderr
        for name, port in (("ingest", None), ("derive", None), ("api", 8000)):
            running[name] = installation.process(name, port)
            stack.callback(running[name].stop)
            running[name].start()
        yield running


@pytest.fixture
def answer(installation: Installation) -> Callable[[str], Any]:
    base = f"http://{HOST}:{installation.ports[8000]}/api/v1"
    return lambda path: httpx.get(f"{base}{path}", timeout=5).json()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.TransportError:
        return False


def register(installation: Installation) -> None:
    """With the very commands of README.md, in the running intake, the table on standard input."""
    inside = [words[5:] for words in readme_commands() if words[:5] == ["docker", "compose", "exec", "-T", "ingest"]]
    assert len(inside) == 3
    for _, *arguments in inside:
        done = installation.run("ingest", arguments, stdin=DEVICES)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_frame_of_the_network_server_is_in_the_answer(
    town: dict[str, Process], installation: Installation, answer: Callable[[str], Any]
) -> None:
    register(installation)
    address = ["-h", HOST, "-p", str(installation.ports[1883]), "-u", "publisher"]
    secret = ["-P", installation.secret("mqtt_publisher")]

    def came() -> bool:
        body = chirpstack(time=now(), frame_id=now())
        topic = f"application/a/device/{BIN_EUI}/event/up"
        command = ["mosquitto_pub", *address, *secret, "-q", "1", "-t", topic, "-s"]
        subprocess.run(command, input=body, check=True)
        found = answer("/stations/of-bin-1")
        return bool(found.get("latest", {}).get("level_pct", {}).get("value") == 44.2)

    wait_for(came, 30, "the frame in the API's answer")
    assert town["ingest"].pid


def test_what_is_derived_is_there_for_the_boards(town: dict[str, Process], installation: Installation) -> None:
    query = """SELECT last("state_code") FROM "device_health" GROUP BY "device_id\""""

    def derived() -> bool:
        series = as_grafana(installation, query).get("series", [])
        return BIN_EUI in [one["tags"]["device_id"] for one in series]

    wait_for(derived, 100, "the health of the device, derived within a minute")
    assert town["derive"].pid


def test_every_service_is_healthy_by_its_own_check(town: dict[str, Process], installation: Installation) -> None:
    for name in ("mosquitto", "ingest", "derive", "api"):
        checked = installation.health(name)
        assert checked.returncode == 0, f"{name}: {checked.stdout}{checked.stderr}"
    assert town.keys() == {"mosquitto", "influxdb", "ingest", "derive", "api"}


def test_the_set_up_may_run_at_every_start(town: dict[str, Process], installation: Installation) -> None:
    before = installation.secrets
    assert "the tokens at hand work and stay" in installation.run("setup").stdout
    assert installation.secrets == before
    assert town["api"].pid


@pytest.mark.usefixtures("town")
def test_the_intake_cannot_read_and_the_api_cannot_write(installation: Installation) -> None:
    for name, right in (("ingest", "write"), ("api", "read")):
        shown = json.loads(installation.run(name, ["influx", "check", "--json"]).stdout)
        assert [(row["right"], row["ok"]) for row in shown] == [(right, True)]
        assert not any("token" in path and right not in path for path in installation.mounts(name))


def as_grafana(installation: Installation, query: str) -> dict[str, Any]:
    """What its data source would get."""
    environment = installation.environment("grafana")
    file = Path(environment["SMARTCITY_INFLUXDB_READ_TOKEN"].removeprefix("$__file{").removesuffix("}"))
    asked = {"db": environment["SMARTCITY_INFLUXDB_BUCKET"], "q": query}
    headers = {"Authorization": f"Token {file.read_text()}"}
    found = httpx.post(f"{environment['SMARTCITY_INFLUXDB_URL']}/query", headers=headers, params=asked).json()
    result: dict[str, Any] = found["results"][0]
    assert "error" not in result
    return result


@pytest.mark.usefixtures("town")
def test_boards_read_with_the_token_that_the_set_up_made(installation: Installation) -> None:
    as_grafana(installation, "SHOW MEASUREMENTS")
    done = installation.run("boards")
    assert done.returncode == 0, done.stderr
    folder = Path(installation.environment("grafana")["SMARTCITY_DASHBOARDS"])
    assert {path.stem for path in (folder / "de").iterdir()} == {path.stem for path in (folder / "en").iterdir()}
    assert {path.stem for path in (folder / "de").iterdir()} == set(BOARDS)


def test_the_intake_measures_the_broker_with_its_own_login(
    town: dict[str, Process], installation: Installation
) -> None:
    said = installation.run("ingest", ["doctor", "--json"])
    assert said.returncode == 0, said.stdout
    found = [row for row in json.loads(said.stdout) if row["subject"].startswith("broker")]
    assert {row["verdict"] for row in found} == {"ok"}, found
    assert any("kept our session and all 2000 messages" in row["text"] for row in found)
    assert town["mosquitto"].pid


def test_no_secret_is_in_a_log_or_in_the_settings_shown(town: dict[str, Process], installation: Installation) -> None:
    said = "".join(process.log for process in town.values())
    for name in ("setup", "ingest", "api"):
        done = installation.run(name, ["config"])
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    assert len(installation.secrets) >= 6
    assert [name for name, secret in installation.secrets.items() if secret in said] == []
