"""A Grafana of its own for acceptance: this project's provisioning, an empty data folder, a loopback port."""

from __future__ import annotations

import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from tests.door import ROOT
from tests.servers.influxdb import Influxdb
from tests.servers.process import HOST, Process, free_port

HOME: Final = os.environ.get("SMARTCITY_GRAFANA_HOME", "")
"""Where Grafana is installed, e.g. /usr/share/grafana; "" when acceptance is not asked for."""

Way = Literal["browser", "server"]
"""Who reads InfluxDB's answer: 9.4 leaves it to the browser, a toggle gives it to the server, as later ones do."""

_QUIET: Final = {
    "GF_ANALYTICS_REPORTING_ENABLED": "false",
    "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
    "GF_NEWS_NEWS_FEED_ENABLED": "false",
    "GF_PLUGINS_PREINSTALL_DISABLED": "true",
    "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",
    "GF_SECURITY_DISABLE_GRAVATAR": "true",
    "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
}


@dataclass(frozen=True, slots=True)
class Grafana:
    """A running one. Anybody may look; `password` is that of the user `admin`."""

    url: str
    password: str
    influxdb: Influxdb


def program() -> Path:
    """Newer ones have one program, older ones a server of its own."""
    found = [path for name in ("grafana", "grafana-server") if (path := Path(HOME) / "bin" / name).exists()]
    if not found:
        raise FileNotFoundError(f"there is neither bin/grafana nor bin/grafana-server in {HOME}")
    return found[0]


@contextmanager
def running(influxdb: Influxdb, way: Way = "browser", webhook: str = "") -> Iterator[Grafana]:
    """Provisioned from this project, reading that bucket."""
    with TemporaryDirectory(prefix="grafana-") as name:
        folder, port, password = Path(name), free_port(), secrets.token_urlsafe(16)
        url = f"http://{HOST}:{port}"
        command = [str(program()), *(["server"] if program().name == "grafana" else []), "--homepath", HOME]
        last = f"{url}/api/dashboards/uid/smartcity-trees-en"  # while it provisions, its SQLite may be locked
        process = Process(command, folder, lambda: _answers(last), seconds=120)
        process.environment = {
            **process.environment,
            **_QUIET,
            "GF_PATHS_DATA": str(folder),
            "GF_PATHS_LOGS": str(folder),
            "GF_PATHS_PLUGINS": str(folder / "plugins"),
            "GF_PATHS_PROVISIONING": str(ROOT / "grafana" / "provisioning"),
            "GF_DATABASE_WAL": "true",
            "GF_SERVER_HTTP_ADDR": HOST,
            "GF_SERVER_HTTP_PORT": str(port),
            "GF_SERVER_ROOT_URL": url,
            "GF_SECURITY_ADMIN_PASSWORD": password,
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_FEATURE_TOGGLES_ENABLE": "influxdbBackendMigration" if way == "server" else "",
            "SMARTCITY_INFLUXDB_URL": influxdb.url,
            "SMARTCITY_INFLUXDB_BUCKET": influxdb.bucket,
            "SMARTCITY_INFLUXDB_READ_TOKEN": influxdb.read_token,
            "SMARTCITY_DASHBOARDS": str(ROOT / "grafana" / "dashboards"),
            "SMARTCITY_ALERT_WEBHOOK": webhook,
        }
        # A 9.4 forgets the data source's database at its first start, when it moves its secrets.
        process.start()
        process.stop()
        process.start()
        try:
            yield Grafana(url, password, influxdb)
        finally:
            process.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # a loopback address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
