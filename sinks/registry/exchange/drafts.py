"""What the lines of a file say of each device, asset and installation, put together from all of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sinks.errors import Invalid
from sinks.registry import rules
from sinks.registry.forms import Fault
from sinks.registry.snapshot import Snapshot

from .columns import Part, column_of, find_column
from .lines import Line, Problem

Span = tuple[str, int]
"""DevEUI and beginning: what tells installations apart."""

_KEYS: Final[Mapping[Part, str]] = {Part.DEVICE: "dev_eui", Part.ASSET: "asset_id"}


@dataclass(slots=True)
class Draft:
    """Fields that a file gives one record, nested as the record has them, and in which row each was said."""

    part: Part
    row: int
    raw: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def say(self, name: str, value: object, row: int) -> Problem | None:
        """Take a field (dotted) from a row; another value than before is a problem."""
        head, _, tail = name.partition(".")
        values = self.raw.setdefault(head, {}) if tail else self.raw
        if values.setdefault(tail or head, value) == value:
            self.rows.setdefault(name, row)
            return None
        return Problem(row, column_of(self.part, name), f"row {self.rows[name]} says otherwise")

    def problem(self, fault: Fault) -> Problem:
        """The fault, at the row and column where it was said."""
        return Problem(self.rows.get(fault.field, self.row), column_of(self.part, fault.field), fault.text)


@dataclass(slots=True)
class Drafts:
    """By key, in the order of the file."""

    devices: dict[str, Draft] = field(default_factory=dict)
    assets: dict[str, Draft] = field(default_factory=dict)
    installations: dict[Span, Draft] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def gather(lines: Iterable[Line], snapshot: Snapshot) -> Drafts:
    """Drafts of all that the lines say. A row without a beginning means the installation that is open."""
    begun = {(one.dev_eui, one.asset_id): one.from_ms for one in snapshot.installations if one.to_ms is None}
    drafts = Drafts()
    for line in lines:
        _take(drafts, line, begun)
    return drafts


def _take(drafts: Drafts, line: Line, begun: Mapping[tuple[str, str], int]) -> None:
    drafts.problems += _orphans(line)
    dev_eui = _key(drafts, line, "dev_eui", rules.eui)
    asset_id = _key(drafts, line, "asset_id", rules.slug)
    if dev_eui:
        draft = drafts.devices.setdefault(dev_eui, Draft(Part.DEVICE, line.row))
        _fill(drafts, draft, line, {"dev_eui": dev_eui})
    if asset_id:
        draft = drafts.assets.setdefault(asset_id, Draft(Part.ASSET, line.row))
        _fill(drafts, draft, line, {"asset_id": asset_id})
    if dev_eui and asset_id:
        from_ms = line.values.get("from", begun.get((dev_eui, asset_id)))
        if not isinstance(from_ms, int):
            drafts.problems.append(Problem(line.row, "from", "from is missing: since when is the device there?"))
            return
        draft = drafts.installations.setdefault((dev_eui, from_ms), Draft(Part.INSTALLATION, line.row))
        draft.raw |= {"dev_eui": dev_eui, "from_ms": from_ms}
        _say(drafts, draft, ("asset_id", asset_id), line.row)
        _fill(drafts, draft, line, {})


def _fill(drafts: Drafts, draft: Draft, line: Line, keys: Mapping[str, str]) -> None:
    for name, value in line.values.items():
        column = find_column(name)
        if column and draft.part in column.part.records:
            _say(drafts, draft, (column.field, keys.get(name, value)), line.row)


def _say(drafts: Drafts, draft: Draft, said: tuple[str, object], row: int) -> None:
    problem = draft.say(*said, row)
    if problem:
        drafts.problems.append(problem)


def _key(drafts: Drafts, line: Line, name: str, rule: Callable[[str], str]) -> str | None:
    if name not in line.values:
        return None
    try:
        return rule(str(line.values[name]))
    except Invalid as broken:
        drafts.problems.append(Problem(line.row, name, str(broken)))
        return None


def _orphans(line: Line) -> list[Problem]:
    """Values that say something of a record which the row does not name."""
    named = {part for part, key in _KEYS.items() if key in line.values}
    if not named:
        return [Problem(line.row, "", "a row names a device (dev_eui), an asset (asset_id) or both")]
    if len(named) == len(_KEYS):
        return []
    lost = [name for name in line.values if (column := find_column(name)) and not named & set(column.part.records)]
    return [Problem(line.row, name, f"{name} needs dev_eui and asset_id in its row") for name in lost]
