"""A place with all that follows from it alone: worked out once, and then at hand for every frame of its device."""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import Struct

import decoders
from decoders import Decoder
from sinks.model import Series
from sinks.ports import Place

from .derive import level, soil

Find = Callable[[str], Decoder | None]
"""The decoder of a model by any of its names."""

MEASUREMENT_OF_KIND = {"bin": "bin_level", "tree": "soil"}


class Site(Struct, frozen=True, gc=False):
    """What a frame that was received from `from_ms` (included) to `to_ms` (excluded) is read and observed by.

    `decoder`: None when no decoder has the name of the model. `depth`: in cm as text, of a device with one probe.
    `series`: of what it measures, None while it is not installed.
    """

    place: Place
    from_ms: float
    to_ms: float
    decoder: Decoder | None
    geometry: level.Geometry | None = None
    earth: soil.Profile | None = None
    depth: str = ""
    series: Series | None = None


def site(place: Place, find: Find = decoders.find) -> Site:
    """The site of a place; of one without an installation for any time."""
    decoder = find(place.device.model)
    asset, stood = place.asset, place.installation
    if asset is None or stood is None:
        return Site(place, -math.inf, math.inf, decoder)
    depth = _depth(stood.mount.get("depth_cm", "")) if asset.kind == "tree" else ""
    return Site(
        place,
        stood.from_ms,
        math.inf if stood.to_ms is None else stood.to_ms,
        decoder,
        level.geometry(stood.mount),
        soil.profile(asset.properties),
        depth,
        series(place, MEASUREMENT_OF_KIND[asset.kind], depth),
    )


def _depth(depth: float | str) -> str:
    return f"{depth:g}" if isinstance(depth, int | float) else str(depth)


def series(place: Place, measurement: str, depth: str = "") -> Series:
    """The series of a measurement at this place."""
    device, asset = place.device, place.asset
    return Series(measurement, device.organisation, asset.id if asset else "", device.dev_eui, device.model, depth)
