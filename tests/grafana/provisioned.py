"""Provisioning files as Grafana reads them: YAML, of which it interpolates most texts by the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.door import ROOT

PROVISIONING = ROOT / "grafana" / "provisioning"
_EXPANDER = re.compile(r"\$(|__\w+)\{([^}]+)\}")


def interpolated(value: str, environment: Mapping[str, str]) -> str:
    """Grafana's order: `$$` apart, `${NAME}` and `$__env{}`, then `$__file{}`, then `$NAME`."""

    def expand(text: str) -> str:
        text = _EXPANDER.sub(lambda m: environment.get(m[2], "") if m[1] in ("", "__env") else m[0], text)
        text = _EXPANDER.sub(lambda m: Path(m[2]).read_text().strip() if m[1] == "__file" else m[0], text)
        return re.sub(r"\$(\w+)", lambda m: environment.get(m[1], ""), text)

    return "$".join(map(expand, value.split("$$")))


def raw(file: str) -> Any:
    """As it is written."""
    return yaml.safe_load((PROVISIONING / file).read_text("utf-8"))


def read(file: str, environment: Mapping[str, str]) -> Any:
    """With every text interpolated."""

    def walk(node: Any) -> Any:
        match node:
            case dict():
                return {key: walk(value) for key, value in node.items()}
            case list():
                return [walk(value) for value in node]
            case str():
                return interpolated(node, environment)
        return node

    return walk(raw(file))
