"""InfluxDB 2, as `make servers` builds it, set up over HTTP with secrets of its own."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.process import HOST, SERVERS, Process, free_port

if TYPE_CHECKING:
    from sinks.influxdb.connection import Connection
    from sinks.storage import StoreSettings

VERSION = "2.9.1"


@dataclass(frozen=True, slots=True)
class Influxdb:
    """A running server and one bucket of it."""

    url: str
    org: str
    bucket: str
    admin_token: str
    write_token: str
    read_token: str
    process: Process

    def fresh_bucket(self, retention_days: int = 0) -> Influxdb:
        """The same server with another, empty bucket and tokens for it: some ten milliseconds."""
        # Here, not above: `make servers` reads this module before the project's libraries are installed.
        from sinks.influxdb.setup import prepare  # noqa: PLC0415

        bucket = f"test-{secrets.token_hex(6)}"
        tokens = prepare(self._connection(bucket, self.admin_token), retention_days)
        return replace(self, bucket=bucket, write_token=tokens.write, read_token=tokens.read)

    def store(self, timeout_s: float = 10) -> StoreSettings:
        """The settings of a house that keeps its rows here."""
        from sinks.storage import StoreSettings  # noqa: PLC0415  # as above

        chosen = {
            "kind": "influxdb",
            "influxdb": {
                "url": self.url,
                "org": self.org,
                "bucket": self.bucket,
                "write_token": self.write_token,
                "read_token": self.read_token,
                "timeout_s": timeout_s,
            },
        }
        return StoreSettings.model_validate(chosen)

    @property
    def admin(self) -> Connection:
        return self._connection(self.bucket, self.admin_token)

    @property
    def writer(self) -> Connection:
        return self._connection(self.bucket, self.write_token)

    @property
    def reader(self) -> Connection:
        return self._connection(self.bucket, self.read_token)

    def _connection(self, bucket: str, token: str) -> Connection:
        from sinks.influxdb.connection import Connection  # noqa: PLC0415  # as above

        return Connection(self.url, self.org, bucket, token)


@cache
def program() -> str | None:
    """The newest one that `make servers` has built, else one on the path that is a 2."""
    built = sorted((SERVERS / "bin").glob("influxd-2.*[0-9]"))
    return str(built[-1]) if built else shutil.which("influxd")


@cache
def version() -> str | None:
    found = program()
    if found is None:
        return None
    with tempfile.TemporaryDirectory(prefix="influxd-") as home:  # it writes a cache there even for this
        said = subprocess.run([found, "version"], capture_output=True, text=True, check=False, env={"HOME": home})
    match = re.search(r"InfluxDB v(2[\d.]+)", said.stdout)
    return match.group(1) if match else None


@contextmanager
def running(*flags: str) -> Iterator[Influxdb]:
    """Run a server with an organisation, a bucket, and a token each for the operator, a writer and a reader."""
    if version() is None:
        raise FileNotFoundError("InfluxDB 2 is missing; `make servers` gets it")
    with tempfile.TemporaryDirectory(prefix="influxd-") as name:
        port = free_port()
        url = f"http://{HOST}:{port}"
        process = Process([*_command(Path(name), port), *flags], Path(name), lambda: _healthy(url))
        process.start()
        try:
            yield _set_up(url, process)
        finally:
            process.stop()


def _command(folder: Path, port: int) -> list[str]:
    return [
        str(program()),
        f"--http-bind-address={HOST}:{port}",
        f"--bolt-path={folder}/influxd.bolt",
        f"--sqlite-path={folder}/influxd.sqlite",
        f"--engine-path={folder}/engine",
        *("--reporting-disabled", "--no-tasks", "--pprof-disabled", "--log-level=warn"),
    ]


def _healthy(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/health", timeout=1).close()  # noqa: S310  # our own loopback address
    except (urllib.error.URLError, OSError):
        return False
    return True


def _set_up(url: str, process: Process) -> Influxdb:
    from sinks.influxdb.setup import onboard  # noqa: PLC0415  # as above

    empty = Influxdb(url, "city", "first", secrets.token_urlsafe(), "", "", process)
    onboard(empty.admin, "operator", secrets.token_urlsafe())
    return empty.fresh_bucket()
