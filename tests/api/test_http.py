"""What holds for every answer: HEAD, OPTIONS, CORS, caching, protection, privacy."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from tests.api.client import Client
from tests.api.memory import MemoryReader, MemoryRegistry
from tests.api.routes import addresses, documented

PRIVATE = ("a84041", "70b3d57b", "770077", "em400-mud", "dev_eui", "device_id", "rssi", "gateway", "Private Person")


def readable(app: FastAPI) -> list[str]:
    return [one for one in addresses(app) if one != "/api/v1/stream"]


def test_head_is_get_without_a_body_on_every_route(client: Client, app: FastAPI) -> None:
    for address in readable(app):
        head = client.request("HEAD", address)
        assert (head.status_code, head.content) == (200, b""), address
        assert head.headers["content-type"] == client.get(address).headers["content-type"]


def test_head_on_the_stream_ends(client: Client, app: FastAPI) -> None:
    head = client.request("HEAD", "/api/v1/stream")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert app.state.services.feed.clients == 0


def test_options_names_the_methods_on_every_documented_route(client: Client, app: FastAPI) -> None:
    for path in documented(app):
        answer = client.request("OPTIONS", path.replace("{station_id}", "of-bin-1"))
        assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_any_site_may_read(client: Client) -> None:
    answer = client.get("/api/v1/stations", headers={"Origin": "https://map.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"Link", "Retry-After"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers


def test_a_browser_may_ask_before_it_reads(client: Client) -> None:
    asking = {"Origin": "https://map.example", "Access-Control-Request-Method": "GET"}
    answer = client.request("OPTIONS", "/api/v1/stations", headers=asking)
    assert answer.status_code == 200
    assert "POST" not in answer.headers["access-control-allow-methods"]


def test_reading_can_be_kept_to_one_site(reader: MemoryReader, registry: MemoryRegistry) -> None:
    app = create_app(ApiSettings(cors_origins=("https://own.example",)), reader, registry, None)
    answer = Client(app).get("/api/v1/stations", headers={"Origin": "https://map.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_protects_its_reader(client: Client, app: FastAPI) -> None:
    for address in [*readable(app), "/nothing", "/api/v1/stations?limit=0"]:
        headers = client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'self'")


def test_every_answer_says_how_long_it_holds(client: Client, app: FastAPI) -> None:
    for address in readable(app):
        headers = client.get(address).headers
        assert "cache-control" in headers or "etag" in headers, address


def test_a_file_that_has_not_changed_is_not_sent_again(client: Client) -> None:
    etag = client.get("/web/page.js").headers["etag"]
    assert client.request("GET", "/web/page.js", headers={"If-None-Match": etag}).status_code == 304


def test_no_answer_names_a_device_a_gateway_or_an_offset(client: Client, app: FastAPI) -> None:
    for address in readable(app):
        if not address.startswith("/web/"):
            text = client.get(address).text
            assert not [word for word in PRIVATE if word in text], address


@pytest.mark.parametrize("base_url", ["https://daten.example/iot", "https://daten.example/iot/"])
def test_a_public_address_is_used_in_links_and_description(
    reader: MemoryReader, registry: MemoryRegistry, base_url: str
) -> None:
    client = Client(create_app(ApiSettings(base_url=base_url), reader, registry, None))
    following = client.get("/api/v1/stations?limit=1").json()["next"]
    assert following.startswith("https://daten.example/iot/api/v1/stations?limit=1&page=")
    assert client.get("/api/v1/openapi.json").json()["servers"] == [{"url": "https://daten.example/iot"}]


def test_a_public_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        ApiSettings(base_url="daten.example")
