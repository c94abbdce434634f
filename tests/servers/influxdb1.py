"""InfluxDB 1 from Debian, asking for passwords, with users of its own."""

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
from functools import cache
from pathlib import Path

from tests.servers.influxdb import Influxdb
from tests.servers.process import HOST, Process, free_port

SETTINGS = """
reporting-disabled = true
bind-address = "{host}:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
{data}
[http]
bind-address = "{host}:{http}"
auth-enabled = {passwords}
log-enabled = false
{more}
[monitor]
store-enabled = false
"""


@cache
def program() -> str | None:
    """On the path, or where Debian puts it; whatever 2 stands there is none."""
    return shutil.which("influxd") or shutil.which("/usr/bin/influxd")


@cache
def version() -> str | None:
    found = program()
    if found is None:
        return None
    with tempfile.TemporaryDirectory(prefix="influxd1-") as home:
        said = subprocess.run([found, "version"], capture_output=True, text=True, check=False, env={"HOME": home})
    match = re.search(r"InfluxDB v?(1[\d.]+)", said.stdout)
    return match.group(1) if match else None


@contextmanager
def running(*, passwords: bool = True, data: str = 'index-version = "tsi1"', more: str = "") -> Iterator[Influxdb]:
    """Run a server with a database, and a user each for the operator, a writer and a reader.

    `data`, `more`: lines of the settings, in the part of that name and in the one of HTTP.
    """
    from sinks.influxdb.setup import onboard  # noqa: PLC0415  # see tests.servers.influxdb

    with empty(passwords=passwords, data=data, more=more) as server:
        onboard(server.admin, "", None)
        yield server.fresh_bucket()


@contextmanager
def empty(*, passwords: bool = True, data: str = "", more: str = "") -> Iterator[Influxdb]:
    """Run a server without any user or database. `passwords`: whether it will ask for them."""
    if version() is None:
        raise FileNotFoundError("InfluxDB 1 is missing; `make servers` gets it")
    with tempfile.TemporaryDirectory(prefix="influxd1-") as name:
        folder, http, rpc = Path(name), free_port(), free_port()
        switch = "true" if passwords else "false"
        places = {"host": HOST, "folder": folder, "http": http, "rpc": rpc}
        settings = SETTINGS.format(**places, passwords=switch, data=data, more=more)
        (folder / "influxdb.conf").write_text(settings)
        url = f"http://{HOST}:{http}"
        process = Process([str(program()), "-config", str(folder / "influxdb.conf")], folder, lambda: _answers(url))
        process.start()
        try:
            yield Influxdb(url, "", "first", f"operator:{secrets.token_urlsafe()}", "", "", process)
        finally:
            process.stop()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/ping", timeout=1).close()  # noqa: S310  # our own loopback address
    except (urllib.error.URLError, OSError):
        return False
    return True
