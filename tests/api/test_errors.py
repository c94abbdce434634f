"""One shape of error on every route."""

from __future__ import annotations

from typing import NoReturn

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.errors import STATUS, ApiError
from api.settings import ApiSettings
from sinks.errors import Refused
from sinks.ledger import SqliteLedger
from tests.api.client import Client
from tests.api.memory import MemoryReader, MemoryRegistry
from tests.api.routes import addresses

WITHOUT_DATA = ("/api/v1/health", "/api/v1/quantities", "/api/v1/openapi.json", "/docs", "/metrics", "/web/")


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "code"}
    assert (body["status"], body["code"]) == (status, code)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_method_that_is_not_for_reading_is_refused_on_every_route(client: Client, app: FastAPI, method: str) -> None:
    for address in addresses(app):
        answer = client.request(method, address)
        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "address", ["/api/v1/nothing", "/nothing", "/api/v1", "/web/none.js", "/web/../settings.py", "/web"]
)
def test_an_unknown_address_is_not_found(client: Client, address: str) -> None:
    assert_problem(client.get(address), 404, "not_found")


@pytest.mark.parametrize("tail", ["", "/latest", "/observations"])
def test_an_unknown_station_is_not_found(client: Client, tail: str) -> None:
    assert_problem(client.get(f"/api/v1/stations/none{tail}"), 404, "not_found")


def test_a_store_that_is_down_is_503_on_every_route_that_needs_it(
    client: Client, app: FastAPI, reader: MemoryReader
) -> None:
    reader.down = True
    needing = [one for one in addresses(app) if not one.startswith(WITHOUT_DATA) and one not in ("/", "/api/v1/stream")]
    assert len(needing) >= 8
    for address in needing:
        answer = client.get(address)
        assert_problem(answer, 503, "not_ready" if address == "/api/v1/ready" else "unavailable")
        assert "secret-place" not in answer.text


def test_a_store_that_names_the_seconds_is_passed_on(client: Client, reader: MemoryReader) -> None:
    reader.down = True
    assert client.get("/api/v1/stations").headers["retry-after"] == "7"


def test_a_registry_that_is_down_is_503(client: Client, registry: MemoryRegistry) -> None:
    registry.down = True
    assert_problem(client.get("/api/v1/stations"), 503, "unavailable")


def test_the_page_says_in_words_that_the_store_is_down(client: Client, reader: MemoryReader) -> None:
    reader.down = True
    answer = client.get("/")
    assert answer.status_code == 503
    assert "nicht erreichbar" in answer.text
    assert "secret-place" not in answer.text


class BrokenReader(MemoryReader):
    """A fault that nobody foresaw."""

    def latest(self, selection: object) -> NoReturn:
        raise ZeroDivisionError(f"password=hunter2 in {selection}")


class RefusingReader(MemoryReader):
    """A store whose operator has to act."""

    def latest(self, selection: object) -> NoReturn:
        raise Refused(f"token of {selection} may not read the bucket")


def test_a_fault_of_ours_is_500_and_tells_nothing_of_the_inside(
    settings: ApiSettings, registry: MemoryRegistry
) -> None:
    answer = Client(create_app(settings, BrokenReader(), registry, None)).get("/api/v1/stations")
    assert_problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert "ZeroDivision" not in answer.text


def test_a_store_that_refuses_us_is_503(settings: ApiSettings, registry: MemoryRegistry) -> None:
    answer = Client(create_app(settings, RefusingReader(), registry, None)).get("/api/v1/stations")
    assert_problem(answer, 503, "unavailable")
    assert "bucket" not in answer.text


def test_a_query_that_is_too_long_is_refused_on_every_route(client: Client, app: FastAPI) -> None:
    for address in addresses(app):
        assert_problem(client.get(f"{address}?x={'a' * 5000}"), 414, "too_large")


def test_a_body_that_is_too_large_is_refused_unread(client: Client) -> None:
    assert_problem(client.request("POST", "/api/v1/stations", content=b"x" * 20_000), 413, "too_large")


@pytest.mark.parametrize("length", ["-1", "many", "1e3"])
def test_a_length_that_is_no_number_is_refused(client: Client, length: str) -> None:
    answer = client.request("GET", "/api/v1/health", headers={"Content-Length": length})
    assert_problem(answer, 413, "too_large")


def test_unknown_parameters_are_ignored(client: Client) -> None:
    assert client.get("/api/v1/stations?_=1712345&f=json").status_code == 200


def test_every_error_of_our_own_has_its_status_in_the_table() -> None:
    assert set(ApiError.__subclasses__()) <= set(STATUS)


def test_readiness_names_what_does_not_answer(
    client: Client, reader: MemoryReader, registry: MemoryRegistry, ledger: SqliteLedger
) -> None:
    assert client.get("/api/v1/ready").json() == {"status": "ready", "parts": ["store", "registry", "ledger"]}
    reader.down = registry.down = True
    ledger.close()
    assert client.get("/api/v1/ready").json()["detail"] == "No answer from: store, registry, ledger."
    assert client.get("/api/v1/health").json() == {"status": "ok"}
