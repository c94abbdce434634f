"""A small disk: a file system of a few megabytes in memory, which a test fills up. Only root may mount one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

_BLOCK = 4096


@cache
def version() -> str | None:
    """Of the kernel; None where this user may not mount."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        return None
    with TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False).returncode:
            return None
        subprocess.run(["umount", folder], check=True)
    return os.uname().release


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted file system."""

    folder: Path

    def fill(self) -> None:
        """Leave not one byte free."""
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(_BLOCK)):
                    pass
            except OSError:
                return

    def make_room(self) -> None:
        """Somebody has cleared up."""
        (self.folder / "ballast").unlink()


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[Disk]:
    """An empty disk of that size in this folder, until the block ends."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
