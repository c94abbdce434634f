"""The broker as compose runs it: the same start script, configuration and rights, on the real Mosquitto."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.deploy.native import Installation
from tests.servers.certificate import self_signed
from tests.servers.process import HOST, Process

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.usefixtures("broker")]

TOPIC = "application/city/device/24e124713b490001/event/up"


@pytest.fixture(scope="module")
def broker(installation: Installation) -> Iterator[Process]:
    """With a certificate in place, so that it listens with TLS too."""
    self_signed(installation.folder / ".secrets" / "mqtt-tls")
    process = installation.process("mosquitto", 1883)
    process.start()
    yield process
    process.stop()


def login(installation: Installation, user: str | None, port: int = 1883) -> list[str]:
    address = ["-h", HOST, "-p", str(installation.ports[port]), "-V", "mqttv5"]
    return address if user is None else [*address, "-u", user, "-P", installation.secret(f"mqtt_{user}")]


def publish(
    installation: Installation, user: str | None, topic: str = TOPIC, *more: str
) -> subprocess.CompletedProcess[str]:
    command = ["mosquitto_pub", *login(installation, user), "-q", "1", "-t", topic, "-m", "seen", *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def hears(installation: Installation, user: str, topic: str) -> str:
    """What is kept there for this user; "" when nothing comes."""
    command = ["mosquitto_sub", *login(installation, user), "-t", topic, "-C", "1", "-W", "1"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.strip()


def test_the_publisher_publishes_and_the_intake_reads(installation: Installation) -> None:
    assert publish(installation, "publisher", TOPIC, "-r").returncode == 0
    assert hears(installation, "ingest", "application/#") == "seen"


def test_the_publisher_reads_nothing(installation: Installation) -> None:
    publish(installation, "publisher", TOPIC, "-r")
    assert hears(installation, "publisher", "#") == ""


@pytest.mark.parametrize("topic", [TOPIC, "v3/city/devices/bin/up", "elsewhere"])
def test_the_intake_publishes_nothing(installation: Installation, topic: str) -> None:
    assert "Not authorized" in publish(installation, "ingest", topic).stderr


def test_the_publisher_keeps_to_the_topics_of_network_servers(installation: Installation) -> None:
    for topic in ("elsewhere", "smartcity/doctor/x", "$SYS/broker/uptime"):
        assert "Not authorized" in publish(installation, "publisher", topic).stderr


@pytest.mark.parametrize("login", [[], ["-u", "ingest", "-P", "wrong"], ["-u", "nobody", "-P", ""]])
def test_nobody_comes_in_without_a_login(installation: Installation, login: list[str]) -> None:
    said = publish(installation, None, TOPIC, *login)
    assert said.returncode != 0
    assert "not authori" in said.stderr.lower()


def test_with_a_certificate_it_speaks_tls(installation: Installation) -> None:
    port = str(installation.ports[8883])
    authority = str(installation.folder / ".secrets" / "mqtt-tls" / "server.crt")
    said = publish(installation, "publisher", TOPIC, "-p", port, "--cafile", authority)
    assert said.returncode == 0, said.stderr
    assert publish(installation, "publisher", TOPIC, "-p", port).returncode != 0


def test_its_health_check_logs_in_with_a_secret_of_this_run_alone(installation: Installation, broker: Process) -> None:
    checked = installation.health("mosquitto")
    assert checked.returncode == 0, checked.stderr
    secret = (installation.folder / "run/mosquitto/mosquitto/run/mosquitto_sub").read_text().split()[-1]
    broker.stop()
    assert installation.health("mosquitto").returncode != 0
    broker.start()
    assert installation.health("mosquitto").returncode == 0
    assert secret not in (installation.folder / "run/mosquitto/mosquitto/run/mosquitto_sub").read_text()


def test_passwords_are_hashed_and_for_the_broker_alone(installation: Installation, broker: Process) -> None:
    run = installation.folder / "run/mosquitto/mosquitto/run"
    assert all(":$7$" in line for line in (run / "passwords").read_text().splitlines())
    assert {file.stat().st_mode & 0o077 for file in run.iterdir() if file.is_file()} == {0}
    assert not any(secret in broker.log for secret in installation.secrets.values())


def test_a_queued_message_outlives_a_restart(installation: Installation, broker: Process) -> None:
    session = [*login(installation, "ingest"), "-i", "a-session", "-c", "-x", "600", "-q", "1", "-t", "v3/#"]
    subprocess.run(["mosquitto_sub", *session, "-E"], check=True)
    assert publish(installation, "publisher", "v3/city/devices/bin/up").returncode == 0
    broker.stop()
    broker.start()
    heard = subprocess.run(
        ["mosquitto_sub", *session, "-C", "1", "-W", "5"], capture_output=True, text=True, check=True
    )
    assert heard.stdout == "seen\n"


def test_a_message_beyond_all_measure_is_refused_aloud(installation: Installation, broker: Process) -> None:
    command = ["mosquitto_pub", *login(installation, "publisher"), "-V", "mqttv311", "-q", "1", "-t", TOPIC, "-s"]
    said = subprocess.run(command, input=b"x" * 1_100_000, capture_output=True, timeout=20, check=False)
    assert said.returncode != 0
    assert "oversize packet" in broker.log
