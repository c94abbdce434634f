"""The dry run: what an import would do, and everything that is wrong with it, by row and column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sinks.errors import Invalid
from sinks.model import Asset, Device, Installation
from sinks.registry import checks
from sinks.registry.forms import Fault
from sinks.registry.snapshot import Snapshot
from sinks.registry.store import SqlRegistry

from .columns import Part
from .drafts import Draft, Drafts, Span, gather
from .geojson import read_geojson
from .lines import Lines, Problem
from .sheet import read_csv

Format = Literal["csv", "geojson"]
Action = Literal["create", "change", "keep"]
Record = Device | Asset | Installation

_READERS: Final[Mapping[Format, Callable[[bytes], Lines]]] = {"csv": read_csv, "geojson": read_geojson}


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one record that the file names. `before` is None for a new one."""

    action: Action
    record: Record
    before: Record | None
    row: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do to the registry of this revision; with problems, it will do nothing."""

    revision: int
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]

    def select(self, action: Action) -> list[Step]:
        """The steps of one action, devices first, then assets, then installations."""
        return [step for step in self.steps if step.action == action]


def plan(content: bytes, form: Format, snapshot: Snapshot, known_models: Collection[str] | None = None) -> Plan:
    """What this file would do. Changes nothing.

    An empty cell says nothing: what is there stays. `known_models`: keys of the decoders there are; None leaves
    models unchecked. Raises `Invalid` when the file cannot be read at all.
    """
    lines = _READERS[form](content)
    drafts = gather(lines.lines, snapshot)
    board = _lay(drafts, snapshot, known_models)
    problems = sorted({*lines.problems, *drafts.problems, *board.problems}, key=lambda p: (p.row, p.column, p.text))
    return Plan(snapshot.revision, tuple(board.steps), tuple(problems))


def apply(planned: Plan, registry: SqlRegistry) -> int:
    """Do what was planned, all of it or nothing, and give the number of records that were made or changed.

    Raises `Invalid` when the plan has problems, or the registry has changed since.
    """
    if planned.problems:
        first = planned.problems[0]
        where = f"row {first.row}" + (f", {first.column}" if first.column else "")
        raise Invalid(f"nothing was imported, {len(planned.problems)} problems; the first: {where}: {first.text}")
    changed = [step.record for step in planned.select("change")]
    created = [step.record for step in planned.select("create")]
    registry.write(changed, created, planned.revision)
    return len(changed) + len(created)


def _over(before: Record | None, draft: Draft) -> dict[str, Any]:
    """The draft laid over what is there: fields that the file does not say stay."""
    if before is None:
        return draft.raw
    raw = {name: getattr(before, name) for name in before.__slots__} | draft.raw
    nested = [name for name, value in draft.raw.items() if isinstance(value, Mapping)]
    return raw | {name: {**getattr(before, name), **draft.raw[name]} for name in nested}


@dataclass(slots=True)
class _Board:
    """The registry as it would be, while the drafts of a file are laid over it."""

    organisations: set[str]
    devices: dict[str, Device]
    assets: dict[str, Asset]
    installations: dict[Span, Installation]
    used: set[tuple[Part, str]]
    wrong: set[tuple[Part, str]] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take_device(self, dev_eui: str, draft: Draft, models: Collection[str] | None) -> None:
        before = self.devices.get(dev_eui)
        raw = _over(before, draft)
        checked = checks.device(raw, self.organisations, models)
        moved = checks.moved(before, raw) if before and (draft.part, dev_eui) in self.used else ()
        if self._settle(draft, before, checked.record, checked.faults + moved) and checked.record:
            self.devices[dev_eui] = checked.record
        else:
            self.wrong.add((Part.DEVICE, dev_eui))

    def take_asset(self, asset_id: str, draft: Draft) -> None:
        before = self.assets.get(asset_id)
        raw = _over(before, draft)
        checked = checks.asset(raw, self.organisations)
        moved = checks.moved(before, raw) if before and (draft.part, asset_id) in self.used else ()
        if self._settle(draft, before, checked.record, checked.faults + moved) and checked.record:
            self.assets[asset_id] = checked.record
        else:
            self.wrong.add((Part.ASSET, asset_id))

    def take_installation(self, span: Span, draft: Draft) -> None:
        """Left alone when its device or asset has faults: more would be said of the same mistake."""
        asset_id = draft.raw["asset_id"]
        if {(Part.DEVICE, span[0]), (Part.ASSET, asset_id)} & self.wrong:
            return
        before = self.installations.get(span)
        stays = before if before and before.asset_id == asset_id else None
        on, of = self.assets.get(asset_id), self.devices.get(span[0])
        checked = checks.installation(_over(stays, draft), on, of, ())
        if self._settle(draft, before, checked.record, checked.faults) and checked.record:
            self.installations[span] = checked.record

    def keep_apart(self, drafts: Mapping[Span, Draft]) -> None:
        """Only now are all installations of a device known, in whatever order the file tells them."""
        of_device: dict[str, list[Installation]] = {}
        for one in self.installations.values():
            of_device.setdefault(one.dev_eui, []).append(one)
        for span, draft in drafts.items():
            mine = self.installations.get(span)
            others = [other for other in of_device.get(span[0], ()) if other is not mine]
            self.problems += map(draft.problem, () if mine is None else checks.apart(mine, others))

    def _settle(self, draft: Draft, before: Record | None, after: Record | None, faults: tuple[Fault, ...]) -> bool:
        self.problems += map(draft.problem, faults)
        if faults or after is None:
            return False
        action: Action = "create" if before is None else "keep" if after == before else "change"
        self.steps.append(Step(action, after, before, draft.row))
        return True


def _lay(drafts: Drafts, snapshot: Snapshot, models: Collection[str] | None) -> _Board:
    board = _Board(
        {one.id for one in snapshot.organisations},
        {one.dev_eui: one for one in snapshot.devices},
        {one.id: one for one in snapshot.assets},
        {(one.dev_eui, one.from_ms): one for one in snapshot.installations},
        {(Part.DEVICE, one.dev_eui) for one in snapshot.installations}
        | {(Part.ASSET, one.asset_id) for one in snapshot.installations},
    )
    for dev_eui, draft in drafts.devices.items():
        board.take_device(dev_eui, draft, models)
    for asset_id, draft in drafts.assets.items():
        board.take_asset(asset_id, draft)
    for span, draft in drafts.installations.items():
        board.take_installation(span, draft)
    board.keep_apart(drafts.installations)
    return board
