"""PostgreSQL as Debian packs it: a cluster of its own in a temporary folder, on a free port of the loopback."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

_DEBIAN = Path("/usr/lib/postgresql")
_DEADLINE_S = 60.0


@cache
def _programs() -> Path | None:
    """Folder of `initdb` and `postgres`: Debian's newest, else the one on the path."""
    packed = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]))
    if packed:
        return packed[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@cache
def version() -> str | None:
    folder = _programs()
    if folder is None:
        return None
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"[\d.]+", said)
    return found.group() if found else None


@contextmanager
def running() -> Iterator[str]:
    """Its address (`postgresql://user:password@127.0.0.1:port/postgres`); user `smartcity` may create databases."""
    with tempfile.TemporaryDirectory(prefix="postgresql-", ignore_cleanup_errors=True) as folder:
        home, password = Path(folder), secrets.token_hex(16)
        _make_cluster(home, password)
        port = _free_port()
        server = _start(home, port)
        try:
            _wait(server, port, home)
            yield f"postgresql://smartcity:{password}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)


def _start(home: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "max_connections": "40"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        command = [_program("postgres"), "-D", str(home / "data"), "-p", str(port), *options]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=home, **_somebody())


def _make_cluster(home: Path, password: str) -> None:
    secret = home / "password"
    secret.write_text(password)
    if "user" in _somebody():
        for path in (home, secret):
            os.chown(path, _somebody()["user"], _somebody()["group"])
    command = [_program("initdb"), "-D", str(home / "data"), "-U", "smartcity", f"--pwfile={secret}"]
    fixed = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run([*command, *fixed], check=True, capture_output=True, cwd=home, **_somebody())
    secret.unlink()


def _program(name: str) -> str:
    folder = _programs()
    if folder is None:
        raise FileNotFoundError(name)
    return str(folder / name)


@cache
def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root lends it another user; anybody else runs it as themselves."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes], port: int, home: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    ready = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((home / "log").read_text(errors="replace"))
        time.sleep(0.05)
