"""The page as the server sends it: whole without JavaScript."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from api.web.languages import age_text, choose_language, number_text
from sinks.books import Books
from sinks.model import Asset
from sinks.ports import Settlement
from tests.api.client import Client
from tests.api.memory import MemoryReader, MemoryRegistry, row


class Seen(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(client: Client, address: str = "/", accept: str = "") -> Seen:
    answer = client.get(address, headers={"Accept-Language": accept})
    assert answer.status_code == 200
    return Seen(answer.text)


def stations(seen: Seen) -> list[str | None]:
    return [row["data-id"] for row in seen.all("tr") if row.get("data-id")]


def test_every_station_is_in_the_list_by_city_and_name(client: Client) -> None:
    assert stations(page(client)) == ["gi-tree-1", "gi-bin-1", "of-bin-2", "of-bin-1"]


def test_a_row_shows_values_in_the_readers_language(client: Client) -> None:
    german, english = page(client).text, page(client, "/?lang=en").text
    for words in ("Wilhelmsplatz", "Offenbach am Main", "bald voll", "80,3 %", "vor 3 min"):
        assert words in german
    for words in ("Wilhelmsplatz", "full soon", "80.3 %", "3 min ago"):
        assert words in english


def test_silence_and_missing_values_are_said_in_words(client: Client) -> None:
    seen = page(client)
    assert "kein Wert" in seen.text
    stale = [one for one in seen.all("span") if one.get("data-cell") == "stale" and "hidden" not in one]
    assert len(stale) == 1


def test_names_out_of_the_registry_cannot_become_markup(client: Client, registry: MemoryRegistry) -> None:
    registry.put(Asset("x\"'><script>", "giessen", "bin", "<script>alert(1)</script>", 50.5, 8.6))
    html = client.get("/").text
    assert "<script>alert" not in html
    assert Seen(html).all("script") == [{"src": "web/page.js", "type": "module"}]


def test_a_selection_in_the_address_narrows_the_list_and_stays_in_the_form(client: Client) -> None:
    seen = page(client, "/?kind=bin&organisation=giessen")
    assert stations(seen) == ["gi-bin-1"]
    selected = [one["value"] for one in seen.all("option") if "selected" in one]
    assert selected == ["giessen", "bin"]
    assert "?lang=en&organisation=giessen&kind=bin" in {one["href"] for one in seen.all("a")}


def test_a_selection_without_result_says_so(client: Client) -> None:
    seen = page(client, "/?state=full")
    assert stations(seen) == []
    assert [one for one in seen.all("p") if one.get("id") == "no-match" and "hidden" not in one]


def test_without_stations_the_page_says_what_to_check(reader: MemoryReader) -> None:
    seen = page(Client(create_app(ApiSettings(), reader, MemoryRegistry(), None)))
    assert "Noch keine Station" in seen.text
    assert "smartcity doctor" in seen.text


def test_the_accounting_stands_in_the_footer(client: Client) -> None:
    html = client.get("/").text
    numbers = dict(re.findall(r'<div><dt>[^<]+</dt><dd data-count="(\w+)">([^<]+)<', html))
    assert numbers == {"received": "12", "stored": "7", "duplicate": "2", "dead_letter": "1", "in_flight": "2"}
    assert '<div hidden><dt>vorher gelöscht</dt><dd data-count="expired">0</dd></div>' in html


def test_what_was_trimmed_before_a_store_began_is_told_where_it_happened(client: Client, books: Books) -> None:
    books.ledger.settle(Settlement("embedded", 12, counts={"stored": 1, "expired": 1}))
    assert '<div><dt>vorher gelöscht</dt><dd data-count="expired">1</dd></div>' in client.get("/").text


def test_the_page_has_the_landmarks_and_marks_that_readers_need(client: Client) -> None:
    seen = page(client)
    assert all(len(seen.all(tag)) == 1 for tag in ("main", "header", "footer", "h1", "caption", "form"))
    assert {one.get("scope") for one in seen.all("th")} == {"col", "row"}
    assert seen.all("a")[0] == {"class": "skip", "href": "#stations"}
    assert [one for one in seen.all("h2") if one.get("id") == "stations"]
    assert seen.all("html") == [{"lang": "de"}]
    assert [one for one in seen.all("span") if one.get("role") == "status"]


def test_the_page_runs_nothing_inline_and_asks_nobody_else(client: Client) -> None:
    for address in ("/", "/?lang=en", "/docs"):
        seen = Seen(client.get(address).text)
        loaded = [one.get("src") or one.get("href") for tag in ("script", "link", "img") for one in seen.all(tag)]
        assert loaded
        assert not [one for one in loaded if one is None or "//" in one]
        assert not seen.all("style")
        assert not [
            name for _, attributes in seen.tags for name in attributes if name.startswith("on") or name == "style"
        ]


def test_every_file_that_a_page_names_is_there(client: Client) -> None:
    for address in ("/", "/docs"):
        seen = Seen(client.get(address).text)
        for one in [*seen.all("script"), *seen.all("link")]:
            target = one.get("src") or one.get("href") or ""
            assert client.get(f"/{target}").status_code == 200, target


def test_a_long_list_is_cut_and_says_so(client: Client, registry: MemoryRegistry) -> None:
    for number in range(600):
        registry.put(Asset(f"many-{number}", "giessen", "bin", f"Viele {number}", 50.5, 8.6))
    seen = page(client)
    assert len(stations(seen)) == 500
    assert "In der Liste: 500 Es gibt 604 passende Stationen" in seen.text


def test_depth_and_quality_are_shown_with_a_value(client: Client, reader: MemoryReader, now_ms: int) -> None:
    reader.put(row(now_ms, "of-bin-1", {"level_pct": 113.0, "quality_codes": "level_pct=3:above_full", "quality": 3}))
    text = page(client).text
    assert "113 % (zweifelhaft)" in text
    assert "Saugspannung in 60 cm Tiefe: 55 kPa" in text


def test_both_languages_know_the_same_words(app: FastAPI) -> None:
    texts = app.state.services.pages._texts

    def shape(value: object) -> object:
        return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else type(value)

    assert shape(texts["de"]) == shape(texts["en"])


@pytest.mark.parametrize(
    ("wanted", "accept", "language"),
    [
        ("", "", "de"),
        ("en", "de", "en"),
        ("xx", "en-GB,en;q=0.9,de;q=0.5", "en"),
        ("", "fr,de-AT;q=0.4,en;q=0.6", "en"),
        ("", "fr;q=1,es", "de"),
        ("", "en;q=0,de;q=0.1", "de"),
        ("", "en;q=high", "de"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_best_we_speak(wanted: str, accept: str, language: str) -> None:
    assert choose_language(wanted, accept) == language


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0001, "0"),
        (0.2345, "0,235"),
        (9.96, "10"),
        (80.25, "80,3"),
        (99.96, "100"),
        (512.0, "512"),
        (-4.0, "-4"),
    ],
)
def test_numbers_have_the_decimals_that_their_size_deserves(value: float, text: str) -> None:
    assert number_text(value, {"decimal": ","}) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "never"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (172_799, "47 h"), (172_800, "2 d")],
)
def test_ages_are_told_in_the_coarsest_unit_that_says_something(seconds: int | None, text: str) -> None:
    texts = {"never": "never", "age": {unit: "{n} " + unit for unit in ("s", "min", "h", "d")}}
    assert age_text(seconds, texts) == text
