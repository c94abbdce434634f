"""What may be said of each kind of thing: names, types and ranges. The edge of the registry, so pydantic.

A form takes what a person, a file or a caller gave and has the normal form in its fields, or faults by field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from sinks.errors import Invalid

from . import rules

Scalar = float | str | bool
Raw = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that was broken: by which field (dotted, e.g. `mount.full_mm`), and the rule."""

    field: str
    text: str


def _ruled(rule: Callable[[str], str]) -> AfterValidator:
    def check(value: str) -> str:
        try:
            return rule(value)
        except Invalid as broken:
            raise _broken(str(broken)) from None

    return AfterValidator(check)


def _broken(text: str) -> PydanticCustomError:
    return PydanticCustomError("rule", "{text}", {"text": text})


Eui = Annotated[str, _ruled(rules.eui)]
Slug = Annotated[str, _ruled(rules.slug)]
Text = Annotated[str, _ruled(rules.plain)]
Said = Annotated[str, _ruled(rules.said)]
Millis = Annotated[int, Field(ge=0, lt=4_102_444_800_000)]
"""Unix milliseconds from 1970 to 2099."""
Length = Annotated[float, Field(ge=0, le=20_000)]
Share = Annotated[float, Field(ge=0, lt=1)]
Kind = Literal["bin", "tree"]
Texture = Annotated[
    Literal[
        "sand", "loamy_sand", "sandy_loam", "loam", "silt_loam", "silt", "sandy_clay_loam", "clay_loam",
        "silty_clay_loam", "silty_clay",
    ],
    BeforeValidator(lambda said: "_".join(said.replace("-", " ").lower().split()) if isinstance(said, str) else said),
]  # fmt: skip
"""USDA textures as in Saxton and Rawls 2006."""


class Form(BaseModel):
    """Nothing but the fields that are named, and only finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OrganisationForm(Form):
    """A city or another owner."""

    id: Slug
    name: Said


class DeviceForm(Form):
    """A device, without the parameters of its model."""

    dev_eui: Eui
    organisation: Slug
    model: Slug
    name: Text = ""


class AssetForm(Form):
    """A bin or tree, without the properties of its kind."""

    id: Slug
    organisation: Slug
    kind: Kind
    name: Text = ""
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]

    @field_validator("lon")
    @classmethod
    def _somewhere(cls, lon: float, info: ValidationInfo) -> float:
        if lon == 0 and info.data.get("lat") == 0:
            raise _broken("a position of 0/0 is a missing position")
        return lon


class InstallationForm(Form):
    """A device on an asset for a time, without how it is mounted."""

    dev_eui: Eui
    asset_id: Slug
    from_ms: Millis
    to_ms: Millis | None = None

    @field_validator("to_ms")
    @classmethod
    def _after(cls, to_ms: int | None, info: ValidationInfo) -> int | None:
        if to_ms is not None and to_ms <= info.data.get("from_ms", to_ms - 1):
            raise _broken("the end must lie after the beginning")
        return to_ms


class KeyForm(Form):
    """A key without its token. No organisation means all of them."""

    name: Said
    role: Literal["webhook", "reader", "admin"]
    organisation: Slug | None = None


class BinProperties(Form):
    """Of a bin: litres when full, what is thrown in, litres at each level, number in the municipal register."""

    capacity_l: Annotated[float, Field(ge=5, le=100_000)] | None = None
    fraction: Said | None = None
    volume_table: Said | None = None
    register_id: Said | None = None

    @field_validator("volume_table")
    @classmethod
    def _rising(cls, table: str | None) -> str | None:
        return None if table is None else _rising_table(table)


class TreeProperties(Form):
    """Of a tree and its soil; water contents in m³/m³, stones as a share of the volume."""

    species: Said | None = None
    planted: Annotated[int, Field(ge=1500, le=2200)] | None = None
    soil: Texture | None = None
    field_capacity: Share | None = None
    wilting_point: Share | None = None
    stone_fraction: Share | None = None
    register_id: Said | None = None

    @field_validator("wilting_point")
    @classmethod
    def _below(cls, wilting_point: float | None, info: ValidationInfo) -> float | None:
        field_capacity = info.data.get("field_capacity")
        if None not in (wilting_point, field_capacity) and wilting_point >= field_capacity:  # type: ignore[operator]
            raise _broken(f"the wilting point must lie below the field capacity of {field_capacity:g}")
        return wilting_point


class BinMount(Form):
    """How a sensor hangs in a bin: distances in mm as the sensor reads them, tilt of its beam in degrees."""

    empty_mm: Length | None = None
    full_mm: Annotated[Length | None, Field(validate_default=True)] = None
    dead_mm: Length | None = None
    offset_mm: Annotated[float, Field(ge=-10_000, le=10_000)] | None = None
    tilt_deg: Annotated[float, Field(ge=0, lt=90)] | None = None

    @field_validator("full_mm")
    @classmethod
    def _geometry(cls, full_mm: float | None, info: ValidationInfo) -> float | None:
        if "empty_mm" not in info.data:  # it has a fault of its own
            return full_mm
        empty_mm = info.data["empty_mm"]
        if (full_mm is None) != (empty_mm is None):
            raise _broken("empty_mm and full_mm are given together")
        if full_mm is not None and full_mm >= empty_mm:
            raise _broken(f"the distance when full must be smaller than the {empty_mm:g} mm when empty")
        return full_mm


class TreeMount(Form):
    """Where the probes are: one depth in cm, or, for several probes, the depth of each channel as `1=30,2=60`.

    An equals sign, because a spreadsheet takes 1:30 for a time of day.
    """

    depth_cm: Annotated[float, Field(gt=0, le=1000)] | None = None
    channels: Said | None = None

    @field_validator("channels")
    @classmethod
    def _depths(cls, channels: str | None, info: ValidationInfo) -> str | None:
        if channels is None:
            return None
        if info.data.get("depth_cm") is not None:
            raise _broken("give depth_cm for one probe or channels for several, not both")
        return _depth_table(channels)


PROPERTIES: Final[Mapping[str, type[Form]]] = {"bin": BinProperties, "tree": TreeProperties}
MOUNTS: Final[Mapping[str, type[Form]]] = {"bin": BinMount, "tree": TreeMount}


def _rising_table(text: str) -> str:
    steps = [(_number(level), litres) for level, litres in _pairs(text, ":")]
    if len(steps) < 2:
        raise _broken("a volume table has two steps or more, e.g. 0:0,50:400,100:1100")
    if steps[0][0] < 0 or steps[-1][0] > 100 or any(a >= b for (a, _), (b, _) in pairwise(steps)):
        raise _broken("the levels of a volume table rise from 0 to 100 percent")
    if any(a > b for (_, a), (_, b) in pairwise(steps)):
        raise _broken("the litres of a volume table do not fall")
    return ",".join(f"{level:g}:{litres:g}" for level, litres in steps)


def _depth_table(text: str) -> str:
    steps = _pairs(text, "=")
    if len({name for name, _ in steps}) < len(steps):
        raise _broken("each channel has one depth")
    if any(not 0 < depth <= 1000 for _, depth in steps):
        raise _broken("depths lie between 0 and 1000 cm")
    return ",".join(f"{name}={depth:g}" for name, depth in steps)


def _pairs(text: str, mark: str) -> list[tuple[str, float]]:
    try:
        return rules.pairs(text, mark)
    except Invalid as broken:
        raise _broken(str(broken)) from None


def _number(level: str) -> float:
    try:
        return float(level)
    except ValueError:
        raise _broken(f"a level is a number of percent, {rules.shown(level)} is none") from None


def fill(form: type[Form], values: Raw, prefix: str = "") -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The normal values, absent ones left out, or the faults; field names in faults carry the prefix."""
    try:
        return form.model_validate(dict(values)).model_dump(exclude_none=True), ()
    except ValidationError as error:
        return {}, tuple(_fault(form, each, prefix) for each in error.errors(include_url=False))


def _fault(form: type[Form], error: ErrorDetails, prefix: str) -> Fault:
    name = str(error["loc"][0])
    if error["type"] == "missing":
        text = f"{prefix}{name} is missing"
    elif error["type"] == "extra_forbidden":
        text = _unknown(form, name)
    elif error["type"] == "rule":
        text = error["msg"]
    else:
        text = f"{error['msg'][:1].lower()}{error['msg'][1:]}, got {rules.shown(error['input'])}"
    return Fault(f"{prefix}{name}", text)


def _unknown(form: type[Form], name: str) -> str:
    for forms in (PROPERTIES, MOUNTS):
        owners = [kind for kind, other in forms.items() if name in other.model_fields and form in forms.values()]
        if owners:
            return f"{name} is said of a {owners[0]}, not of this"
    return f"{name} is no known name here{rules.nearest(name, form.model_fields)}"
