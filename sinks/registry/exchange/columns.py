"""The columns of an import, once: their names, the headers that people write, and which field each one fills."""

# ruff: noqa: E501 - a table reads by its rows

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from sinks.registry.rules import nearest

PARAMS: Final = "params."
"""Columns that begin so are parameters of the device's model, whatever follows."""


class Part(StrEnum):
    """The record that a column says something about."""

    DEVICE = "device"
    ASSET = "asset"
    BOTH = "device and asset"
    INSTALLATION = "installation"

    @property
    def records(self) -> tuple[Part, ...]:
        """The kinds of record that have the field."""
        return (Part.DEVICE, Part.ASSET) if self is Part.BOTH else (self,)


class Cell(StrEnum):
    """How the text of a cell is read."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    KIND = "bin or tree"
    SCALAR = "number, true, false or text"


@dataclass(frozen=True, slots=True)
class Column:
    """`field`: dotted, in the record of its part. `headers`: what else people write above it."""

    name: str
    part: Part
    field: str
    cell: Cell
    headers: tuple[str, ...]
    meaning: str


_D, _A, _I = Part.DEVICE, Part.ASSET, Part.INSTALLATION
_T, _N = Cell.TEXT, Cell.NUMBER
_FIXED: Final = (
    Column("organisation", Part.BOTH, "organisation", _T, ("mandant", "kommune", "stadt"), "id of an organisation that is there"),
    Column("dev_eui", _D, "dev_eui", _T, ("deveui", "geräte-eui"), "DevEUI: 16 hex digits, dashes and colons allowed"),
    Column("model", _D, "model", _T, ("modell", "gerätemodell"), "key of the device's decoder"),
    Column("device_name", _D, "name", _T, ("gerätename",), "name of the device"),
    Column("asset_id", _A, "id", _T, ("objekt", "objekt-id"), "stable, public id of the bin or tree"),
    Column("kind", _A, "kind", Cell.KIND, ("art", "typ", "type"), "bin (Behälter) or tree (Baum)"),
    Column("name", _A, "name", _T, ("bezeichnung", "standort"), "name of the bin or tree"),
    Column("lat", _A, "lat", _N, ("latitude", "breite", "breitengrad"), "degrees north, WGS 84"),
    Column("lon", _A, "lon", _N, ("lng", "longitude", "länge", "längengrad"), "degrees east, WGS 84"),
    Column("register_id", _A, "properties.register_id", _T, ("baumnummer", "katasternummer"), "number in the municipal register"),
    Column("capacity_l", _A, "properties.capacity_l", _N, ("volumen_l", "fassungsvermögen_l"), "bin: litres when full"),
    Column("fraction", _A, "properties.fraction", _T, ("abfallart", "fraktion"), "bin: what is thrown in"),
    Column("volume_table", _A, "properties.volume_table", _T, ("volumentabelle",), "bin: litres at levels in percent, 0:0,50:400,100:1100"),
    Column("species", _A, "properties.species", _T, ("baumart",), "tree: species"),
    Column("planted", _A, "properties.planted", _N, ("pflanzjahr",), "tree: year of planting"),
    Column("soil", _A, "properties.soil", _T, ("boden", "bodenart"), "tree: texture of the soil, e.g. sandy_loam"),
    Column("field_capacity", _A, "properties.field_capacity", _N, ("feldkapazität",), "tree: water content at field capacity, m³/m³"),
    Column("wilting_point", _A, "properties.wilting_point", _N, ("welkepunkt",), "tree: water content at the wilting point, m³/m³"),
    Column("stone_fraction", _A, "properties.stone_fraction", _N, ("steinanteil",), "tree: stones as a share of the volume"),
    Column("from", _I, "from_ms", Cell.TIME, ("von", "seit", "installed"), "when the device was put there"),
    Column("to", _I, "to_ms", Cell.TIME, ("bis", "removed"), "when it was taken off, empty while it is there"),
    Column("mount.empty_mm", _I, "mount.empty_mm", _N, ("empty_mm", "leerabstand_mm"), "bin: distance read when empty"),
    Column("mount.full_mm", _I, "mount.full_mm", _N, ("full_mm", "vollabstand_mm"), "bin: distance read when full"),
    Column("mount.dead_mm", _I, "mount.dead_mm", _N, ("dead_mm", "totzone_mm"), "bin: blind zone of the sensor"),
    Column("mount.offset_mm", _I, "mount.offset_mm", _N, ("offset_mm", "versatz_mm"), "bin: taken off every distance"),
    Column("mount.tilt_deg", _I, "mount.tilt_deg", _N, ("tilt_deg", "neigung_grad"), "bin: beam against the vertical, degrees"),
    Column("mount.depth_cm", _I, "mount.depth_cm", _N, ("depth_cm", "tiefe_cm"), "tree: depth of the one probe"),
    Column("mount.channels", _I, "mount.channels", _T, ("channels", "kanäle"), "tree: depth of each channel in cm, 1=30,2=60"),
)  # fmt: skip
COLUMNS: Final[Mapping[str, Column]] = {column.name: column for column in _FIXED}


def _form(header: str) -> str:
    return re.sub(r"[\s_-]+", "_", unicodedata.normalize("NFC", header).strip().casefold())


_BY_HEADER: Final = {_form(header): column for column in _FIXED for header in (column.name, *column.headers)}


@lru_cache(maxsize=256)
def find_column(header: str) -> Column | None:
    """The column that is meant by this header, German or English, or None."""
    found = _BY_HEADER.get(_form(header))
    name = header.strip()
    if found is None and name.startswith(PARAMS) and len(name) > len(PARAMS):
        return Column(name, Part.DEVICE, name, Cell.SCALAR, (), "parameter of the device's model")
    return found


def no_column(header: str) -> str:
    """The sentence that says so, and names the nearest."""
    near = nearest(_form(header), _BY_HEADER)
    return f"there is no column {header!r}{near}"


def column_of(part: Part, field: str) -> str:
    """Name of the column that fills this field, or the field's own name."""
    for column in _FIXED:
        if column.field == field and part in column.part.records:
            return column.name
    return field.removeprefix("properties.")
