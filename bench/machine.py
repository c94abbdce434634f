"""What the machine is and what its processes use, from /proc."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers import influxdb, mosquitto

_TICKS = os.sysconf("SC_CLK_TCK")
_ROOT = Path(__file__).parent.parent


def cpu_s(pid: int) -> float:
    """Seconds of CPU, user and system, that a process has used with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_mb(pid: int) -> float:
    """Largest resident size of a process since its start, in MB (10⁶ bytes)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace")
    return next(int(line.split()[1]) * 1.024e-3 for line in status.splitlines() if line.startswith("VmHWM"))


def busy_s() -> float:
    """Seconds of CPU that this machine has spent on anything."""
    fields = [int(field) for field in Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS


@dataclass(frozen=True, slots=True)
class Use:
    """What was used: CPU seconds and peak megabytes by process, and cores that others used meanwhile."""

    cpu_s: dict[str, float]
    peak_mb: dict[str, float]
    others_cores: float


class Meter:
    """Measures these processes (name to pid) from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = {name: cpu_s(pid) for name, pid in pids.items()}
        self._own, self._busy, self._began = time.process_time(), busy_s(), time.monotonic()

    def read(self, load_cpu_s: float) -> Use:
        """`load_cpu_s`: what the load generator used meanwhile; it and this program are not "others"."""
        used = {name: cpu_s(pid) - self._before[name] for name, pid in self._pids.items()}
        known = sum(used.values()) + time.process_time() - self._own + load_cpu_s
        others = (busy_s() - self._busy - known) / (time.monotonic() - self._began)
        return Use(used, {name: peak_mb(pid) for name, pid in self._pids.items()}, max(0.0, others))


def describe() -> dict[str, str]:
    """The machine and the versions of what was measured."""
    cpu = next((x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")), ": unknown")
    memory = Path("/proc/meminfo").read_text().split()[1]
    return {
        "cpu": f"{os.cpu_count()} x {cpu.partition(':')[2].strip()}",
        "memory": f"{int(memory) / 1048576:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "mosquitto": mosquitto.version() or "missing",
        "influxdb": influxdb.version() or "missing",
        "commit": _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "--porcelain", "-uno") else ""),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def _git(*words: str) -> str:
    """What git says; "" outside a clone."""
    try:
        done = subprocess.run(["git", *words], cwd=_ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607 fixed words
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
