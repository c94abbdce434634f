"""The OpenAPI description: FastAPI knows the routes and parameters, `api.answers` the shapes."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from . import answers
from .errors import PROBLEM_JSON

PREFIX: Final = "/api/v1"
_REF: Final = re.compile(r"#/components/schemas/(\w+)")

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
    named = sorted(set(_REF.findall(json.dumps(schema["paths"]))))
    types = [getattr(answers, name) for name in named]
    _, shapes = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schema["components"] = {"schemas": shapes}
    return schema


def _ref(shape: type[answers.Answer]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
