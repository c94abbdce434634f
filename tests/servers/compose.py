"""Compose as a reader of `docker-compose.yml`: Debian's, or the plug-in of a container engine. No engine is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

PROGRAMS = (["docker-compose"], ["docker", "compose"])


@cache
def program() -> list[str] | None:
    return next((found for found in PROGRAMS if shutil.which(found[0]) and _version(found)), None)


@cache
def version() -> str | None:
    found = program()
    return None if found is None else _version(found)


def _version(command: list[str]) -> str | None:
    said = subprocess.run([*command, "version"], capture_output=True, text=True, check=False)
    match = re.search(r"version v?(\d[\d.]+)", said.stdout)
    return match.group(1) if match and said.returncode == 0 else None


def config(folder: Path) -> str:
    """The compose file of that folder with everything filled in, as YAML."""
    if (found := program()) is None:
        raise FileNotFoundError("docker-compose is missing; `make servers` gets it")
    done = subprocess.run([*found, "config"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr)
    return done.stdout
