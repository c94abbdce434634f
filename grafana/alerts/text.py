"""YAML as people read it, the same bytes for the same content: blocks of plain keys and quoted texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def as_yaml(document: Mapping[str, Any], comment: str) -> str:
    """A file: what it is, then the document."""
    heading = (f"# {line}".rstrip() for line in comment.strip().splitlines())
    return "\n".join([*heading, *_mapping(document, "")]) + "\n"


def _mapping(node: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in node.items():
        name = key if _PLAIN.match(key) else json.dumps(key, ensure_ascii=False)
        yield from _entry(f"{indent}{name}:", value, indent + "  ")


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, indent)
    elif isinstance(value, list) and value:
        yield head
        for item in value:
            yield from _item(item, indent)
    elif isinstance(value, str) and "\n" in value:
        yield f"{head} |"
        yield from (f"{indent}{line}".rstrip() for line in value.strip("\n").split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: Any) -> str:
    """JSON is YAML; but a text with quotes in it is easier to read between the other ones."""
    if isinstance(value, str) and '"' in value and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)


def _item(item: Any, indent: str) -> Iterator[str]:
    """An entry of a list: its first line stands behind the dash."""
    if not isinstance(item, Mapping):
        yield f"{indent}- {_scalar(item)}"
        return
    first, *rest = _mapping(item, indent + "  ")
    yield f"{indent}- {first.lstrip()}"
    yield from rest
