"""The compose file's services as processes of this machine: same commands, environment and mounted files.

Only what a container would give is translated: paths into a folder, names of hosts into loopback, ports into free ones.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from tests.door import ROOT
from tests.servers import influxdb
from tests.servers.process import HOST, Process, accepts, free_port

FILES: Final = (
    "docker-compose.yml",
    "Dockerfile",
    "deploy",
    "grafana/provisioning",
    "smartcity.toml",
)
"""What a host has that runs this, beside the images."""
PORTS: Final = (1883, 8883, 8086, 8000, 8090)

_VARIABLE = re.compile(r"\$\$|\$\{(\w+):-([^}]*)\}")
_LISTENER = re.compile(r"^listener (\d+)$", re.MULTILINE)


def compose_file(folder: Path = ROOT) -> dict[str, Any]:
    """The compose file with the default of every variable."""
    text = (folder / "docker-compose.yml").read_text("utf-8")
    filled = _VARIABLE.sub(lambda found: "$" if found[0] == "$$" else found[2], text)
    found: dict[str, Any] = yaml.safe_load(filled)
    return found


def readme_blocks(language: str) -> list[str]:
    """The code blocks of deploy/README.md in one language."""
    text = (ROOT / "deploy" / "README.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def readme_commands() -> list[list[str]]:
    """Its shell commands as words, without what is read from a file."""
    lines = [line for block in readme_blocks("sh") for line in block.splitlines()]
    return [shlex.split(line.split(" < ")[0], comments=True) for line in lines]


class Installation:
    """A folder as on a city's host after `deploy/init`, and its services as processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in FILES:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, folder / name)
        self.ports = {port: free_port() for port in PORTS}
        subprocess.run([folder / "deploy" / "init"], check=True, capture_output=True)

    @cached_property
    def services(self) -> dict[str, Any]:
        found: dict[str, Any] = compose_file(self.folder)["services"]
        return found

    def secret(self, name: str) -> str:
        return (self.folder / ".secrets" / name).read_text()

    @property
    def secrets(self) -> dict[str, str]:
        """All there are, also the tokens that the set-up made: file to content."""
        files = [*(self.folder / ".secrets").glob("*"), *(self.folder / "volumes").glob("*-token/*")]
        return {file.name: file.read_text() for file in files if file.is_file()}

    def mounts(self, service: str) -> dict[str, Path]:
        """Path in the container to path here; each service sees the secrets that it is granted, and no others."""
        given, root = self.services[service], self.folder / "run" / service
        found = {path.split(":")[0]: root / path.split(":")[0].strip("/") for path in given.get("tmpfs", [])}
        for volume in given.get("volumes", []):
            source, target, *_ = volume.split(":")
            found[target] = self.folder / source if source.startswith(".") else self.folder / "volumes" / source
        found["/run/secrets"] = root / "secrets"
        if service == "backup":
            found["/volumes"] = self.folder / "volumes"  # above all that is mounted there
        for path in found.values():
            if not path.is_file():
                path.mkdir(parents=True, exist_ok=True)
        for name in given.get("secrets", []):
            if not (found["/run/secrets"] / name).exists():
                shutil.copy(self.folder / ".secrets" / name, found["/run/secrets"])
        return found

    def translate(self, service: str, text: str) -> str:
        """Paths, hosts and ports of the container as they are here."""
        mounts = self.mounts(service)
        if text.isdigit() and int(text) in self.ports:
            return str(self.ports[int(text)])
        paths = "|".join(re.escape(path) for path in sorted(mounts, key=len, reverse=True))
        text = re.sub(rf"(?<![\w/])({paths})(?=$|[^\w-])", lambda found: str(mounts[found[1]]), text)
        hosts = "|".join([*self.services, re.escape("0.0.0.0"), re.escape(HOST)])
        return re.sub(rf"\b({hosts}):(\d+)", lambda found: f"{HOST}:{self.ports[int(found[2])]}", text)

    def environment(self, service: str) -> dict[str, str]:
        """What compose sets, and the path to programs; nothing of anybody's own."""
        given = self.services[service].get("environment", {})
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
        return {"PATH": path} | {
            name: HOST if name.endswith("__HOST") else self.translate(service, _text(value))
            for name, value in given.items()
            if value is not None  # set to nothing
        }

    def command(self, service: str, arguments: list[str] | None = None) -> list[str]:
        """Entry point and command; `arguments` instead of the command, as with `docker compose run`."""
        given = self.services[service]
        rest = given.get("command", []) if arguments is None else arguments
        words = [*given.get("entrypoint", ["smartcity"]), *rest]
        return [*_program(words[0]), *(self.translate(service, word) for word in words[1:])]

    def health(self, service: str) -> subprocess.CompletedProcess[str]:
        """Its health check, once; the image's own when the compose file has none."""
        check = self.services[service].get("healthcheck", {}).get("test") or _image_health()
        kind, *words = check
        assert kind == "CMD", "a health check without a shell"
        translated = [*_program(words[0]), *(self.translate(service, word) for word in words[1:])]
        env = self.environment(service)
        return subprocess.run(translated, env=env, capture_output=True, text=True, timeout=30, check=False)

    def run(
        self, service: str, arguments: list[str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """A service that ends, as with `docker compose run` or `exec`."""
        env, home = self.environment(service), self.folder / "run" / service
        command = self.command(service, arguments)
        home.mkdir(parents=True, exist_ok=True)
        return subprocess.run(
            command, env=env, cwd=home, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )

    def process(self, service: str, port: int | None = None) -> Process:
        """A service that stays, not yet started; it is ready when it takes connections at `port` of the container."""
        home = self.folder / "run" / service
        if service == "mosquitto":
            self._move_broker()
        found = Process(self.command(service), home, lambda: port is None or accepts(self.ports[port]))
        found.environment = self.environment(service)
        return found

    def _move_broker(self) -> None:
        """Its files name paths and ports too."""
        for file in (self.folder / "deploy" / "mosquitto").iterdir():
            text = self.translate("mosquitto", file.read_text("utf-8"))
            text = _LISTENER.sub(lambda found: f"listener {self.ports[int(found[1])]} {HOST}", text)
            if file.name == "mosquitto.conf" and os.geteuid() == 0:
                text = f"user root\n{text}"  # else it gives up its rights and cannot read our folder
            file.write_text(text, "utf-8")


def _program(name: str) -> list[str]:
    """What stands for a program of an image here; its path is this machine's and is not translated."""
    ours = {
        "smartcity": [sys.executable, "-m", "smartcity"],
        "python": [sys.executable],
        "influxd": [str(influxdb.program())],
    }
    return ours.get(name, [name])


def _image_health() -> list[str]:
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    found: list[str] = yaml.safe_load(re.findall(r"^HEALTHCHECK .* (CMD \[.*\])$", text, re.MULTILINE)[0][4:])
    return ["CMD", *found]


def _text(value: object) -> str:
    """As a container gets it: YAML's truth is a word there."""
    return str(value).lower() if isinstance(value, bool) else str(value)
