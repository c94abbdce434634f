"""Every error of every route has one shape (RFC 9457) and one row in a table here.

ApiError
├── BadRequest       400  a parameter is wrong
├── NotFound         404  there is no such thing
└── TooManyStreams   503  the number of live clients is bounded
sinks.errors.SinkError  503  what answers are made from does not answer
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from sinks.errors import SinkError, Unavailable

from .answers import Fault, Problem

PROBLEM_JSON: Final = "application/problem+json"
METHODS: Final = "GET, HEAD, OPTIONS"
_RETRY_S: Final = 5

_LOG = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer that is an error; the text is one sentence for the caller."""


class BadRequest(ApiError):
    """The caller can mend it: `parameter` is the query parameter at fault."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class NotFound(ApiError):
    """There is nothing at this address."""


class TooManyStreams(ApiError):
    """As many clients listen as may."""


STATUS: Final[Mapping[type[Exception], tuple[HTTPStatus, str]]] = {
    RequestValidationError: (HTTPStatus.BAD_REQUEST, "bad_request"),
    BadRequest: (HTTPStatus.BAD_REQUEST, "bad_request"),
    NotFound: (HTTPStatus.NOT_FOUND, "not_found"),
    TooManyStreams: (HTTPStatus.SERVICE_UNAVAILABLE, "too_many_streams"),
    SinkError: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    Exception: (HTTPStatus.INTERNAL_SERVER_ERROR, "internal"),
}
"""Exception to status and code. Starlette's own HTTPException carries its status itself."""


def problem(
    status: int, code: str, detail: str, faults: list[Fault] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The one shape of an error."""
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=faults or [],
    )
    sent = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(msgspec.json.encode(body), status, sent, PROBLEM_JSON)


def install(app: FastAPI) -> None:
    """Let every exception that can leave a route end in a problem."""
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(ApiError)(_known)
    app.exception_handler(SinkError)(_sink)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(Exception)(_unexpected)


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    status, code = STATUS[RequestValidationError]
    faults = [Fault(parameter=str(one["loc"][-1]), message=one["msg"]) for one in error.errors()]
    detail = "; ".join(f"{fault.parameter}: {fault.message}" for fault in faults)
    return problem(status, code, detail, faults)


async def _known(_request: Request, error: ApiError) -> Response:
    status, code = STATUS[type(error)]
    faults = [Fault(parameter=error.parameter, message=str(error))] if isinstance(error, BadRequest) else None
    busy = {"Retry-After": str(_RETRY_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return problem(status, code, str(error), faults, busy)


async def _sink(_request: Request, error: SinkError) -> Response:
    """The store's own sentence is for the operator: it may name hosts and paths, so it goes to the log only."""
    _LOG.warning("a store does not answer: %s", error)
    named = error.retry_after if isinstance(error, Unavailable) else None
    status, code = STATUS[SinkError]
    headers = {"Retry-After": str(max(1, round(named or _RETRY_S)))}
    return problem(status, code, "The data cannot be read at the moment; try again later.", headers=headers)


async def _http(request: Request, error: HTTPException) -> Response:
    """Starlette's own: unknown paths and methods. OPTIONS on a path that exists names the methods."""
    allow = {"Allow": METHODS} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else {}
    if allow and request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=allow)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return problem(error.status_code, code, f"{error.detail}: {request.method} {request.url.path}", headers=allow)


async def _unexpected(_request: Request, _error: Exception) -> Response:
    """A fault of ours. The server logs it with its trace; the caller learns nothing of the inside."""
    status, code = STATUS[Exception]
    return problem(status, code, "Something went wrong on our side; it has been logged.")
