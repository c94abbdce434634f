"""Paths into JSON values: `uplink.values[0].level`, `["key.with.dots"].x`, `$topic[2]`.

Names are separated by dots; `[n]` takes the n-th item of a list, from the end when negative; `["name"]` takes any name,
also with dots. `$topic[n]` is the n-th level of the MQTT topic (or URL path) instead of something in the body.
Nothing is evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Final

Path = tuple[str | int, ...]

TOPIC: Final = "$topic"
_STEP: Final = re.compile(r'\[(-?\d{1,6})\]|\["([^"\]]+)"\]|(?:^|(?<!^)\.)([^.\[\]"]+)')
_PLAIN: Final = re.compile(r'[^.\[\]"]+')
_NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


class MISSING:
    """What a path gives where there is nothing; not the same as a JSON null."""


def compile_path(text: str) -> Path:
    """The steps of a path. Raises `ValueError` with the place where it stops making sense."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise ValueError(f"the path {text!r} is not understood from {text[at:]!r} on; write a.b[0].c")
        index, quoted, name = match.groups()
        steps.append(int(index) if index else quoted or name)
        at = match.end()
    if not steps:
        raise ValueError("a path must not be empty; write a.b[0].c")
    if steps[0] == TOPIC and not (len(steps) == 2 and isinstance(steps[1], int)):
        raise ValueError(f"{text!r} must name one level of the topic; write $topic[2]")
    return tuple(steps)


def take(path: Path, body: Any, levels: list[str]) -> Any:
    """What stands at the path, `MISSING` where there is nothing. `levels`: the topic, cut at its slashes."""
    value = {TOPIC: levels} if path[0] == TOPIC else body
    for step in path:
        if isinstance(step, int) and isinstance(value, list):
            if not -len(value) <= step < len(value):
                return MISSING
            value = value[step]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return MISSING
    return value


def number(value: Any) -> float | None:
    """A finite number, also from text; None for everything else, true and false among it."""
    if isinstance(value, str) and len(value) < 40 and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def leaves(value: Any, above: str = "") -> Iterator[str]:
    """The paths of all that is no object and no list, as they are written; what cannot be written is left out."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            if step := _written(name, above):
                yield from leaves(inner, above + step)
    elif isinstance(value, list) and value:
        for n, inner in enumerate(value):
            yield from leaves(inner, f"{above}[{n}]")
    elif above:
        yield above


def _written(name: str, above: str) -> str | None:
    if not name or '"' in name or "]" in name or (name == TOPIC and not above):
        return None
    if _PLAIN.fullmatch(name):
        return f".{name}" if above else name
    return f'["{name}"]'
