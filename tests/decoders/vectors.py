"""The vectors beside the decoders, read once: known payloads with what they say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import decoders.devices
from decoders import Decoded, Decoder, all_decoders

FOLDER = Path(decoders.devices.__file__).parent
SOURCES = ("vendor example", "datasheet", "captured", "synthetic")
FORM = {
    *("title", "source", "where", "f_port", "payload", "params"),
    *("kind", "values", "none", "readings", "status", "events", "issues"),
}


@dataclass(frozen=True)
class Vector:
    """One entry of a vectors file. `readings`: values, time and channel of each, None standing for "no value"."""

    key: str
    title: str
    source: str
    where: str
    f_port: int
    payload: bytes
    kind: str
    readings: list[dict[str, Any]]
    names: frozenset[str]
    params: Mapping[str, float | str | bool] = field(default_factory=dict)
    status: Mapping[str, float | str | bool] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)

    @property
    def refuses(self) -> bool:
        return self.kind == "error"

    @property
    def decoder(self) -> Decoder:
        return all_decoders()[self.key]

    def decode(self) -> Decoded:
        return self.decoder.decode(self.payload, self.f_port, self.params)

    def __str__(self) -> str:
        return f"{self.key}: {self.title}"


def _reading(entry: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: float(value) for key, value in entry.get("values", {}).items()}
    values |= dict.fromkeys(entry.get("none", []))
    return {"values": values, "time_ms": entry.get("time_ms"), "channel": entry.get("channel")}


def _vector(key: str, entry: dict[str, Any]) -> Vector:
    alone = [entry] if entry.keys() & {"values", "none"} else []
    return Vector(
        key=key,
        names=frozenset(entry),
        readings=[_reading(reading) for reading in entry.pop("readings", alone)],
        payload=bytes.fromhex(entry.pop("payload")),
        **{name: value for name, value in entry.items() if name not in {"values", "none"}},
    )


@cache
def vectors() -> list[Vector]:
    found: list[Vector] = []
    for path in sorted(FOLDER.glob("*.vectors.toml")):
        key = path.name.removesuffix(".vectors.toml")
        found += [_vector(key, entry) for entry in tomllib.loads(path.read_text("utf-8"))["vector"]]
    return found
