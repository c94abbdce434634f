"""What `api/README.md` says is what the app does."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import FastAPI

from api.settings import ApiSettings
from api.telemetry import METRICS
from tests.api.client import Client
from tests.api.routes import documented

README = Path(__file__).parents[2] / "api" / "README.md"


def section(title: str) -> str:
    return README.read_text("utf-8").split(f"## {title}\n")[1].split("\n## ")[0]


def table(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("| `") or re.match(r"\| \d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_of_routes_names_every_route_and_no_other(app: FastAPI) -> None:
    assert sorted(line[0].strip("`") for line in table("Routes")) == documented(app)


def test_the_table_of_metrics_is_the_table_of_the_code() -> None:
    written = [tuple(line) for line in table("Metrics")]
    coded = [(f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.help) for one in METRICS]
    assert written == coded


def test_the_codes_of_errors_are_those_that_are_sent(client: Client) -> None:
    sent = {
        400: client.get("/api/v1/stations?limit=0"),
        404: client.get("/nothing"),
        405: client.request("POST", "/"),
        414: client.get(f"/?x={'a' * 5000}"),
    }
    written = {
        status.strip(): codes for cells in table("Errors") for status in cells[0].split(",") for codes in cells[1:2]
    }
    for status, answer in sent.items():
        assert answer.status_code == status
        assert f"`{answer.json()['code']}`" in written[str(status)]


def test_numbers_in_the_text_are_those_of_the_settings() -> None:
    settings = ApiSettings()
    assert f"({settings.page_size} unless asked; at most {settings.max_page_size:_}".replace("_", " ") in section(
        "Pages"
    )


def test_every_answer_has_a_described_shape(app: FastAPI) -> None:
    shapes = app.openapi()["components"]["schemas"]
    for path, operations in app.openapi()["paths"].items():
        assert set(operations) == {"get"}
        responses = operations["get"]["responses"]
        assert set(responses) <= {"200", "default"}, path
        for response in responses.values():
            for content in response.get("content", {}).values():
                reference = content["schema"].get("$ref", "")
                assert not reference or reference.rsplit("/", 1)[1] in shapes
