"""The peer: Telegraf as people would use it instead of ours, built here from its Go module with only its parts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.servers.influxdb import Influxdb
from tests.servers.process import SERVERS, Process

from . import influx
from .load import CannotMeasure, Network

VERSION: Final = "1.37.2"
_PROGRAM: Final = SERVERS / "bin" / f"telegraf-{VERSION}"
_MODULE: Final = "github.com/influxdata/telegraf"
_PARTS: Final = "custom,inputs.mqtt_consumer,outputs.influxdb_v2,parsers.json_v2"
_CONFIG: Final = Path(__file__).with_name("telegraf.conf")
_RUNS: Final = "Loaded inputs: mqtt_consumer"


def program() -> Path:
    """Telegraf, built on first use: a minute and some downloads of Go modules. Raises `CannotMeasure`."""
    if not _PROGRAM.exists():
        _build()
    return _PROGRAM


def _build() -> None:
    go = shutil.which("go")
    if go is None:
        raise CannotMeasure("Go is missing: install Go 1.24 or newer to build Telegraf, the peer, then run this again")
    sys.stderr.write(f"building Telegraf {VERSION} (a minute, once) …\n")
    _PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SERVERS, prefix="telegraf-") as folder:
        linked = f"-s -w -X {_MODULE}/internal.Version={VERSION}"
        words = [go, "install", "-trimpath", "-ldflags", linked, "-tags", _PARTS, f"{_MODULE}/cmd/telegraf@v{VERSION}"]
        done = subprocess.run(  # noqa: S603 our own words
            words, env={**os.environ, "GOBIN": folder, "CGO_ENABLED": "0"}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CannotMeasure(f"Telegraf could not be built: {done.stderr.strip()[-400:]}")
        (Path(folder) / "telegraf").rename(_PROGRAM)


class Telegraf:
    """A `Pipeline`. Every message makes one row of `uplink`."""

    name = f"Telegraf {VERSION} → influxdb"

    def __init__(self, folder: Path, port: int, server: Influxdb, batch: int) -> None:
        """`port`: of the broker. `batch`: rows in one request, 1000 for the rate and 100 for a low latency."""
        self._server = server
        self._process = Process([str(program()), "--config", str(_CONFIG)], folder, self._is_ready)
        given = {"PORT": str(port), "BATCH": str(batch), "URL": server.url, "ORG": server.org, "BUCKET": server.bucket}
        self._process.environment = {**os.environ, **given, "TOKEN": server.write_token}
        self._before = influx.points_taken(server)

    @property
    def log(self) -> str:
        return self._process.log

    def start(self) -> None:
        self._process.start()

    def stop(self) -> None:
        self._process.stop(grace=60)

    def pids(self) -> Mapping[str, int]:
        return {"pipeline": self._process.pid, "store": self._server.process.pid}

    def taken(self) -> int:
        return influx.points_taken(self._server) - self._before

    def stored(self) -> int:
        return influx.count(self._server, "uplink", "temperature")

    def probe_times(self, network: Network, probe: int, after_ms: int) -> list[int]:  # noqa: ARG002 both name it alike
        return influx.times(self._server, "uplink", "temperature", f"bin-{probe:06d}", after_ms)

    def faults(self) -> str:
        return "; ".join(line for line in self._process.log.splitlines() if " E! " in line)[:300]

    def _is_ready(self) -> bool:
        return _RUNS in self._process.log
