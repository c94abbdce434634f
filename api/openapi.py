"""The OpenAPI description: FastAPI knows the routes and parameters, `api.answers` the shapes."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from . import answers
from .errors import PROBLEM_JSON

PREFIX: Final = "/api/v1"
_SHAPES: Final = (
    answers.Conditions,
    answers.Condition,
    answers.FeatureCollection,
    answers.Health,
    answers.Observations,
    answers.Problem,
    answers.Quantities,
    answers.Ready,
    answers.Station,
    answers.Stations,
    answers.Status,
)

Responses = dict[int | str, dict[str, Any]]


def described(shape: type[answers.Answer], media_type: str = "application/json") -> Responses:
    """The `responses` of a route: this shape when it works, a problem in all other cases."""
    good = {"description": (shape.__doc__ or "").splitlines()[0], "content": {media_type: {"schema": _ref(shape)}}}
    bad = {"description": answers.Problem.__doc__, "content": {PROBLEM_JSON: {"schema": _ref(answers.Problem)}}}
    return {200: good, "default": bad}


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's description with our shapes, and without its own shape of errors, which is never sent."""
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    _, shapes = msgspec.json.schema_components(_SHAPES, ref_template="#/components/schemas/{name}")
    schema["components"] = {"schemas": shapes}
    return schema


def _ref(shape: type[answers.Answer]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
