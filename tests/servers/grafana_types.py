"""Grafana's published types of the oldest version that the boards promise, and the compiler that holds JSON to them."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.servers.process import SERVERS

LOCKED = Path(__file__).parent.parent / "grafana" / "types"
FOLDER = SERVERS / "grafana-types"
MODULES = FOLDER / "node_modules"


@cache
def version() -> str | None:
    package = MODULES / "@grafana" / "schema" / "package.json"
    if shutil.which("node") is None or not (MODULES / "typescript").exists() or not package.exists():
        return None
    return str(json.loads(package.read_text("utf-8"))["version"])


def complaints(source: Path) -> list[str]:
    """What the compiler says of a file, a line each; nothing when all is well."""
    if version() is None:
        raise FileNotFoundError("Grafana's types are missing; `make servers` gets them")
    chosen = {
        "noEmit": True,
        "strict": True,
        "skipLibCheck": True,
        "types": [],
        "target": "es2022",
        "moduleResolution": "node",
        "baseUrl": str(MODULES),
    }
    project = source.with_name("tsconfig.json")
    project.write_text(json.dumps({"compilerOptions": chosen, "files": [source.name]}))
    command = ["node", str(MODULES / "typescript" / "bin" / "tsc"), "--project", str(project), "--pretty", "false"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line]
