"""GeoJSON (RFC 7946): a point per bin or tree, its devices in `properties.devices`, everything named like a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from sinks.errors import Invalid
from sinks.registry.rules import shown
from sinks.registry.snapshot import Snapshot

from .columns import Cell, find_column, no_column
from .lines import ROWS_MAX, Line, Lines, Problem, bounded, parse_kind, parse_time
from .values import Said, asset_values, device_values, installation_values, pieces

_TYPES = (str, int, float, bool)


def read_geojson(content: bytes) -> Lines:
    """Lines and problems of a FeatureCollection. Raises `Invalid` when it is none, or too long."""
    features = _features(bounded(content))
    lines: list[Line] = []
    problems: list[Problem] = []
    for row, feature in enumerate(features, 1):
        try:
            said = list(_said(feature))
        except Invalid as broken:
            problems.append(Problem(row, "", str(broken)))
            continue
        for values in said:
            line, wrong = _line(row, values)
            lines.append(line)
            problems += wrong
    if len(lines) > ROWS_MAX:
        raise Invalid(f"an import has at most {ROWS_MAX} bins, trees and devices, this one has {len(lines)}")
    return Lines(tuple(lines), tuple(problems))


def export_geojson(snapshot: Snapshot) -> bytes:
    """What `read_geojson` reads. A device that was never installed is a feature without a geometry."""
    features: dict[str, dict[str, Any]] = {}
    for piece in pieces(snapshot):
        device = device_values(piece.device) if piece.device else {}
        device |= installation_values(piece.installation) if piece.installation else {}
        organisation = device.pop("organisation", "")
        if piece.asset is None:
            features[f"device {device['dev_eui']}"] = _feature({"organisation": organisation}, [device])
            continue
        feature = features.setdefault(f"asset {piece.asset.id}", _feature(asset_values(piece.asset), []))
        feature["properties"]["devices"] += [device] if device else []
    ordered = [features[name] for name in sorted(features)]
    return orjson.dumps({"type": "FeatureCollection", "features": ordered}, option=orjson.OPT_INDENT_2)


def _feature(values: Said, devices: list[Said]) -> dict[str, Any]:
    feature: dict[str, Any] = {"type": "Feature", "geometry": None}
    if "asset_id" in values:
        feature["id"] = values.pop("asset_id")
        feature["geometry"] = {"type": "Point", "coordinates": [values.pop("lon"), values.pop("lat")]}
    return feature | {"properties": {**values, "devices": devices}}


def _features(content: bytes) -> list[object]:
    try:
        document = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Invalid(f"the file is no JSON: {error}") from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise Invalid("the file is no GeoJSON FeatureCollection with a list of features")
    if len(features) > ROWS_MAX:
        raise Invalid(f"an import has at most {ROWS_MAX} features, this one has {len(features)}; split the file")
    return features


def _said(feature: object) -> Iterator[dict[str, object]]:
    """Values by name of each device of a feature, with those of its asset."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise Invalid(f"this is no GeoJSON Feature: {shown(feature)}")
    properties = feature.get("properties") or {}
    devices = properties.get("devices", []) if isinstance(properties, dict) else None
    if not isinstance(devices, list) or not all(isinstance(device, dict) for device in devices):
        raise Invalid("properties are an object; properties.devices, if any, is a list of objects")
    asset = {name: value for name, value in properties.items() if name != "devices"}
    asset |= _position(feature.get("geometry"))
    if feature.get("id") is not None:
        asset["asset_id"] = feature["id"]
    yield from ({**asset, **device} for device in devices or [{}])


def _position(geometry: object) -> dict[str, object]:
    if geometry is None:
        return {}
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point" or not isinstance(coordinates, list):
        raise Invalid("the geometry of a bin or tree is a Point")
    if len(coordinates) not in (2, 3):
        raise Invalid("the coordinates of a Point are longitude, latitude and perhaps a height")
    return {"lon": coordinates[0], "lat": coordinates[1]}


def _line(row: int, said: Mapping[str, object]) -> tuple[Line, list[Problem]]:
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for name, value in said.items():
        column = find_column(name)
        if column is None:
            problems.append(Problem(row, name, no_column(name)))
        elif value is not None:
            try:
                values[column.name] = _read(column.cell, value)
            except Invalid as broken:
                problems.append(Problem(row, column.name, str(broken)))
    return Line(row, values), problems


def _read(cell: Cell, value: object) -> object:
    if not isinstance(value, _TYPES):
        raise Invalid(f"a value is a text, a number, true or false, not {shown(value)}")
    if cell is Cell.TIME:
        return parse_time(value)
    return parse_kind(value) if cell is Cell.KIND else value
