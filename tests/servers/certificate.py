"""A server's certificate for this machine's loopback, which is its own authority."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.servers.process import HOST


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Makes `server.crt` and `server.key` there, and gives their paths."""
    certificate, key = folder / "server.crt", folder / "server.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return certificate, key
