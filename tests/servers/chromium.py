"""Debian's Chromium, driven headless."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache


@cache
def version() -> str | None:
    program = shutil.which("chromium")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"[\d.]+", said)
    return found.group() if found else None
