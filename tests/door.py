"""The command `smartcity` as its users have it: a process with arguments, an environment and exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Said:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment without anybody's own settings, and with this data folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SMARTCITY_")}
    return clean | {"SMARTCITY_DATA": str(data), "NO_COLOR": "1", "COLUMNS": "200"} | more


def smartcity(*arguments: str, env: Mapping[str, str], stdin: str = "") -> Said:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "smartcity", *arguments],
        env=dict(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(*arguments: str, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command that goes on running; ended with Ctrl-C when the block ends, killed when that takes too long."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "smartcity", *arguments], env=dict(env), stdout=out, stderr=out, cwd=log.parent
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
