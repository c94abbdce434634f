"""Whether a record obeys the rules, given what else is there. Pure: used by the commands and by the dry run alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sinks.errors import Invalid
from sinks.model import Asset, Device, Installation, Organisation

from . import rules
from .forms import (
    MOUNTS,
    PROPERTIES,
    AssetForm,
    DeviceForm,
    Fault,
    Form,
    InstallationForm,
    OrganisationForm,
    Raw,
    Scalar,
    fill,
)

Record = TypeVar("Record", Organisation, Device, Asset, Installation)
_PARAMS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Checked(Generic[Record]):
    """The record in its normal form, or None and the faults."""

    record: Record | None
    faults: tuple[Fault, ...] = ()

    def good(self) -> Record:
        """The record. Raises `Invalid` with all faults in one sentence."""
        if self.record is None:
            raise Invalid("; ".join(fault.text for fault in self.faults))
        return self.record


def organisation(raw: Raw) -> Checked[Organisation]:
    """`id`, `name`."""
    values, faults = fill(OrganisationForm, raw)
    return _checked(Organisation, values, faults)


def device(raw: Raw, organisations: Collection[str], models: Collection[str] | None) -> Checked[Device]:
    """The fields of `Device`. `models`: keys of the decoders there are, None when the caller does not know."""
    given = dict(raw)
    params, param_faults = _params(given.pop("params", {}))
    values, faults = fill(DeviceForm, given)
    faults += param_faults + _unknown(given, "organisation", "organisation", organisations)
    if models is not None:
        faults += _unknown(given, "model", "model", models)
    return _checked(Device, values | {"params": params}, faults)


def asset(raw: Raw, organisations: Collection[str]) -> Checked[Asset]:
    """The fields of `Asset`; which properties there may be depends on its kind."""
    given = dict(raw)
    properties, property_faults = _by_kind(PROPERTIES, given.get("kind"), given.pop("properties", {}), "properties.")
    values, faults = fill(AssetForm, given)
    faults += property_faults + _unknown(given, "organisation", "organisation", organisations)
    return _checked(Asset, values | {"properties": properties}, faults)


def installation(
    raw: Raw, on: Asset | None, of: Device | None, others: Iterable[Installation]
) -> Checked[Installation]:
    """The fields of `Installation`; the asset and device that it names, and the device's other installations."""
    given = dict(raw)
    mount, mount_faults = _by_kind(MOUNTS, on.kind if on else None, given.pop("mount", {}), "mount.")
    values, faults = fill(InstallationForm, given)
    faults += mount_faults
    if of is None:
        faults += (Fault("dev_eui", f"there is no device {rules.shown(given.get('dev_eui'))}"),)
    if on is None:
        faults += (Fault("asset_id", f"there is no asset {rules.shown(given.get('asset_id'))}"),)
    if of and on and of.organisation != on.organisation:
        text = f"the device belongs to {of.organisation}, the asset to {on.organisation}"
        faults += (Fault("asset_id", text),)
    checked = _checked(Installation, values | {"mount": mount}, faults)
    met = apart(checked.record, others) if checked.record else ()
    return Checked(None, met) if met else checked


def moved(before: Device | Asset, raw: Raw) -> tuple[Fault, ...]:
    """Faults of a change that would give the history of what is or was installed another owner or meaning."""
    faults: tuple[Fault, ...] = ()
    if raw.get("organisation") != before.organisation:
        faults += (Fault("organisation", "what is or was installed stays with its organisation"),)
    if isinstance(before, Asset) and raw.get("kind") != before.kind:
        faults += (Fault("kind", "an asset that has or had a device stays of its kind"),)
    return faults


def apart(one: Installation, others: Iterable[Installation]) -> tuple[Fault, ...]:
    """A fault when another installation of the same device shares a moment with this one; ends are not included."""
    for other in others:
        begins_before = other.to_ms is None or one.from_ms < other.to_ms
        ends_after = one.to_ms is None or other.from_ms < one.to_ms
        if begins_before and ends_after:
            text = f"the device {one.dev_eui} is on asset {other.asset_id} at that time; end that installation first"
            return (Fault("from_ms", text),)
    return ()


def _checked(make: Callable[..., Record], values: Mapping[str, Any], faults: tuple[Fault, ...]) -> Checked[Record]:
    """One fault for each field; the last, which knows what else is there, says most."""
    last = {fault.field: fault for fault in faults}
    return Checked(None, tuple(last.values())) if last else Checked(make(**values))


def _by_kind(
    forms: Mapping[str, type[Form]], kind: object, given: object, prefix: str
) -> tuple[dict[str, Scalar], tuple[Fault, ...]]:
    """Values of the kind's form; an unknown kind has its own fault elsewhere."""
    form = forms.get(str(kind))
    if form is None:
        return {}, ()
    if not isinstance(given, Mapping):
        return {}, (Fault(prefix.rstrip("."), f"{prefix.rstrip('.')} are names with values, got {rules.shown(given)}"),)
    return fill(form, given, prefix)


def _params(given: object) -> tuple[dict[str, Scalar], tuple[Fault, ...]]:
    """Any names: what they mean is known to the decoder alone."""
    if not isinstance(given, Mapping) or len(given) > _PARAMS_MAX:
        return {}, (Fault("params", f"params are at most {_PARAMS_MAX} names with values"),)
    params: dict[str, Scalar] = {}
    faults: list[Fault] = []
    for name, value in given.items():
        try:
            params[rules.slug(str(name))] = _scalar(value)
        except Invalid as broken:
            faults.append(Fault(f"params.{name}", str(broken)))
    return params, tuple(faults)


def _scalar(value: object) -> Scalar:
    if isinstance(value, str):
        return rules.plain(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    raise Invalid(f"a parameter is a finite number, a text, true or false, not {rules.shown(value)}")


def _unknown(raw: Raw, field: str, what: str, names: Collection[str]) -> tuple[Fault, ...]:
    name = raw.get(field)
    if not isinstance(name, str):
        return ()  # missing or of a wrong type: the form says so
    try:
        rules.known(what, name, names)
    except Invalid as broken:
        return (Fault(field, str(broken)),)
    return ()
