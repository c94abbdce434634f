"""What a network server's list would do to the registry: pure, then done in one transaction.

A device that is there keeps its owner and its model, because both give its stored values their meaning; only its name
follows the list. What cannot be registered is left out with the reason, and holds up no other device.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sinks.errors import Invalid
from sinks.model import Device
from sinks.naming import named, spellings
from sinks.registry import checks, rules
from sinks.registry.snapshot import Snapshot
from sinks.registry.store import SqlRegistry

from .listed import Listed


class Verdict(StrEnum):
    """What becomes of a line of the list."""

    ADDED = "added"
    PRESENT = "present"
    CHANGED = "changed"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Line:
    """`device`: as the registry has it afterwards, None when it is left out. `reason`: one sentence, or ""."""

    listed: Listed
    verdict: Verdict
    device: Device | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Rules:
    """What every line is held against."""

    spellings: Mapping[str, str]
    models: Mapping[str, str]
    fallback: str
    organisation: str
    organisations: frozenset[str]


def propose(
    listed: Sequence[Listed], snapshot: Snapshot, models: Mapping[str, str], organisation: str, fallback: str = ""
) -> list[Line]:
    """What would become of each device. `models`: every name of a model to its key.

    `organisation`: owner of the new ones; "" when there is only one. `fallback`: model of those whose model the list
    does not name, "" to leave them out. Raises `Invalid` for an owner or a model that is not known.
    """
    there = {one.dev_eui: one for one in snapshot.devices}
    held = _Rules(
        spellings(models),
        models,
        _key(fallback, models),
        _owner(organisation, snapshot),
        frozenset(one.id for one in snapshot.organisations),
    )
    return list(_once(_line(one, there, held) for one in listed))


def apply(lines: Sequence[Line], registry: SqlRegistry, revision: int) -> None:
    """Add and change what was proposed, all of it or nothing. Raises `Invalid` when the registry has changed since."""
    changed = [line.device for line in lines if line.device and line.verdict is Verdict.CHANGED]
    added = [line.device for line in lines if line.device and line.verdict is Verdict.ADDED]
    registry.write(changed, added, revision)


def to_fill_in(lines: Sequence[Line]) -> bytes:
    """The devices as rows of an import (`sinks.registry.exchange`), with empty cells for what they watch.

    UTF-8 with its mark, semicolons, decimal commas, for German Excel.
    """
    head = ("organisation", "dev_eui", "model", "device_name", "asset_id", "kind", "name", "lat", "lon", "from")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow((*head, "mount.empty_mm", "mount.full_mm", "mount.depth_cm"))
    writer.writerows(_cells(line.device, line.listed) for line in lines if line.device)
    return out.getvalue().encode("utf-8-sig")


def _cells(device: Device, listed: Listed) -> list[str]:
    lat, lon = ("" if value is None else f"{value:.6f}".replace(".", ",") for value in (listed.lat, listed.lon))
    dashed = "-".join(device.dev_eui[n : n + 2] for n in range(0, 16, 2))  # or Excel would round one made of digits
    return [device.organisation, dashed, device.model, device.name, "", "", "", lat, lon, "", "", "", ""]


def _once(lines: Iterable[Line]) -> Iterator[Line]:
    """The same lines; of a DevEUI that comes again, only the first counts."""
    first: dict[str, int] = {}
    for line in lines:
        dev_eui = line.device.dev_eui if line.device else None
        if dev_eui in first:
            yield Line(line.listed, Verdict.LEFT_OUT, None, f"line {first[dev_eui]} has the same DevEUI")
            continue
        if dev_eui is not None:
            first[dev_eui] = line.listed.line
        yield line


def _line(one: Listed, there: Mapping[str, Device], held: _Rules) -> Line:
    try:
        dev_eui = one.checked().eui()
        before = there.get(dev_eui)
        return _new(one, dev_eui, held) if before is None else _old(one, before, held)
    except Invalid as broken:
        return Line(one.masked(), Verdict.LEFT_OUT, None, str(broken))


def _new(one: Listed, dev_eui: str, held: _Rules) -> Line:
    key = _meant(one, held) or held.fallback
    if not key:
        raise Invalid(_no_model(one, held))
    raw = {"dev_eui": dev_eui, "organisation": held.organisation, "model": key, "name": one.name}
    device = checks.device(raw, held.organisations, None).good()
    return Line(one, Verdict.ADDED, device)


def _old(one: Listed, before: Device, held: _Rules) -> Line:
    if before.organisation != held.organisation:
        raise Invalid(f"it belongs to {before.organisation}")
    meant = _meant(one, held)
    reason = f"stays a {before.model}; the list says {meant}" if meant not in ("", before.model) else ""
    name = rules.plain(one.name) or before.name
    if name == before.name:
        return Line(one, Verdict.PRESENT, before, reason)
    renamed = f"was called {before.name!r}" if before.name else "had no name"
    return Line(one, Verdict.CHANGED, replace(before, name=name), "; ".join(filter(None, (renamed, reason))))


def _meant(one: Listed, held: _Rules) -> str:
    """Key of the one model that the list names, or ""."""
    for text in one.models:
        keys = named(text, held.spellings)
        if len(keys) == 1:
            return next(iter(keys))
    return ""


def _no_model(one: Listed, held: _Rules) -> str:
    if not one.models:
        return "the list does not say its model; name it with --model"
    text = one.models[-1]
    return f"no decoder is called {rules.shown(text)}{rules.nearest(text, held.models)}; name its model with --model"


def _key(model: str, models: Mapping[str, str]) -> str:
    if not model:
        return ""
    return models.get(model.casefold()) or models[rules.known("model", model, models)]


def _owner(organisation: str, snapshot: Snapshot) -> str:
    names = [one.id for one in snapshot.organisations]
    if organisation:
        return rules.known("organisation", organisation, names)
    if len(names) == 1:
        return names[0]
    raise Invalid(f"say whose devices these are with --organisation; there is {', '.join(names) or 'none yet'}")
