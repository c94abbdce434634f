"""The page in a real Chromium.

`SMARTCITY_SCREENSHOT` names the file that gets a picture of it; without it the picture goes with the test's folder.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from api.app import create_app
from api.settings import ApiSettings
from sinks.model import Asset
from tests.api.memory import MemoryReader, MemoryRegistry, row
from tests.api.server import Running, running, until

pytestmark = pytest.mark.server("chromium")

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
ROWS = "#list tbody tr"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(latest_ttl_s=0.05, publisher="Stadt Offenbach am Main")


@pytest.fixture
def server(app: FastAPI, settings: ApiSettings) -> Iterator[Running]:
    with running(app, settings) as started:
        yield started


@dataclass
class Watched:
    """A page, with all that it asked for and all that it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def is_live(self) -> None:
        expect(self.page.locator("#connection")).to_have_attribute("data-connection", "live")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(locale="de-DE", viewport={"width": 1100, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def watched(context: BrowserContext, server: Running) -> Watched:
    seen = Watched(context.new_page())
    seen.page.goto(server.address + "/")
    return seen


def test_the_page_is_live_complains_about_nothing_and_asks_nobody_else(watched: Watched, server: Running) -> None:
    watched.is_live()
    expect(watched.page.locator(ROWS)).to_have_count(4)
    watched.page.wait_for_function(
        "() => performance.getEntriesByType('resource').some((e) => e.name.endsWith('.json'))"
    )
    assert watched.complaints == []
    assert {urlsplit(url).netloc for url in watched.requests} == {urlsplit(server.address).netloc}


def test_a_new_value_appears_by_itself(watched: Watched, reader: MemoryReader, now_ms: int) -> None:
    watched.is_live()
    bin_row = watched.page.locator(f"{ROWS}[data-id=of-bin-1]")
    expect(bin_row).to_contain_text("80,3 %")
    reader.put(row(now_ms, "of-bin-1", {"level_pct": 97.5, "quality_codes": "level_pct=3:above_full", "quality": 3}))
    expect(bin_row).to_contain_text("97,5 % (zweifelhaft)")
    expect(bin_row.locator(".state")).to_have_text("■ voll")
    assert watched.complaints == []


def test_what_the_script_writes_is_what_the_server_would_write(
    watched: Watched, reader: MemoryReader, now_ms: int
) -> None:
    soil = {"measurement": "soil", "tenant": "giessen", "device_id": "70b3d57bb000c0de"}
    fields = {"soil_vwc": 0.234, "soil_tension_kpa": 120.0, "soil_temperature_c": -3.75}
    watched.is_live()
    tree = watched.page.locator(f"{ROWS}[data-id=gi-tree-1]")
    reader.put(row(now_ms, "gi-tree-1", fields, depth_cm="30", **soil))
    expect(tree).to_contain_text("0,234")
    written = {name: tree.locator(f"[data-cell={name}]").inner_text() for name in ("name", "kind", "state", "values")}
    watched.page.reload()
    assert {name: tree.locator(f"[data-cell={name}]").inner_text() for name in written} == written


def test_a_new_station_joins_the_list_and_a_removed_one_leaves_it(watched: Watched, registry: MemoryRegistry) -> None:
    watched.is_live()
    registry.put(Asset("new", "giessen", "bin", "<b>Neu</b>", 50.5, 8.6))
    expect(watched.page.locator(f"{ROWS}[data-id=new] th")).to_have_text("<b>Neu</b>")
    expect(watched.page.locator("#shown")).to_have_text("In der Liste: 5")
    registry.all_assets.pop()
    registry.changes += 1
    expect(watched.page.locator(f"{ROWS}[data-id=new]")).to_have_count(0)


def test_a_station_that_no_longer_fits_the_selection_leaves_the_list(
    watched: Watched, server: Running, reader: MemoryReader, now_ms: int
) -> None:
    watched.page.goto(f"{server.address}/?state=soon")
    watched.is_live()
    expect(watched.page.locator(ROWS)).to_have_count(1)
    reader.put(row(now_ms, "of-bin-1", {"level_pct": 3.0}))
    expect(watched.page.locator(ROWS)).to_have_count(0)
    expect(watched.page.locator("#no-match")).to_be_visible()


def test_the_form_narrows_the_list_by_keyboard(watched: Watched) -> None:
    watched.page.locator("select[name=kind]").focus()
    watched.page.keyboard.press("ArrowDown")
    watched.page.keyboard.press("ArrowDown")
    watched.page.locator("form button").press("Enter")
    watched.page.wait_for_url("**kind=tree**")
    expect(watched.page.locator(ROWS)).to_have_count(1)


def test_the_page_says_when_it_no_longer_knows(watched: Watched, reader: MemoryReader) -> None:
    watched.is_live()
    reader.down = True
    expect(watched.page.locator("#connection")).to_contain_text("Datenspeicher antwortet nicht")
    reader.down = False
    watched.is_live()


def test_the_page_says_when_the_connection_is_lost(watched: Watched, server: Running) -> None:
    watched.is_live()
    server.stop()
    expect(watched.page.locator("#connection")).to_contain_text("Verbindung unterbrochen")


def test_updates_can_be_paused_and_go_on(watched: Watched, app: FastAPI) -> None:
    watched.is_live()
    pause = watched.page.get_by_role("button", name="Anhalten")
    pause.press("Enter")
    expect(watched.page.locator("#connection")).to_contain_text("Angehalten")
    until(lambda: app.state.services.feed.clients == 0)
    watched.page.get_by_role("button", name="Fortsetzen").press("Enter")
    watched.is_live()


def test_the_first_station_appears_without_reloading_by_hand(
    context: BrowserContext, settings: ApiSettings, reader: MemoryReader
) -> None:
    registry = MemoryRegistry()
    with running(create_app(settings, reader, registry, None), settings) as server:
        seen = Watched(context.new_page())
        seen.page.goto(server.address + "/")
        expect(seen.page.get_by_role("heading", name="Noch keine Station")).to_be_visible()
        registry.put(Asset("first", "giessen", "bin", "Erste", 50.5, 8.6))
        expect(seen.page.locator(f"{ROWS}[data-id=first]")).to_be_visible()
        seen.page.close()


def test_focus_is_visible_on_everything_that_the_keyboard_reaches(watched: Watched) -> None:
    reached = []
    for _ in range(20):
        watched.page.keyboard.press("Tab")
        style = watched.page.evaluate(
            "() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return [e.tagName, s.outlineStyle, parseFloat(s.outlineWidth)]; }"
        )
        if style[0] == "BODY":
            break
        reached.append(style)
    assert {tag for tag, _, _ in reached} >= {"A", "SELECT", "BUTTON"}
    assert all(kind == "solid" and width >= 2 for _, kind, width in reached)


@pytest.mark.parametrize("language", ["de", "en"])
def test_at_320_pixels_nothing_is_cut_and_nothing_scrolls_sideways(
    watched: Watched, server: Running, language: str
) -> None:
    watched.page.set_viewport_size({"width": 320, "height": 640})
    watched.page.goto(f"{server.address}/?lang={language}")
    assert watched.page.evaluate("() => document.documentElement.scrollWidth") <= 320
    expect(watched.page.get_by_role("row").filter(has_text="Wilhelmsplatz")).to_be_visible()


def test_text_has_enough_contrast_in_light_and_dark(watched: Watched) -> None:
    for scheme in ("light", "dark"):
        watched.page.emulate_media(color_scheme=scheme)
        poor = watched.page.evaluate(CONTRAST)
        assert poor == [], scheme


CONTRAST = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color).slice(0, 3)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) poor.push(`${e.tagName} ${e.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""  # noqa: E501 a script reads by its statements


def test_without_javascript_the_list_is_whole(browser: Browser, server: Running) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(server.address + "/")
    expect(page.locator(ROWS)).to_have_count(4)
    expect(page.locator("#pause")).to_be_hidden()
    context.close()


def test_the_description_of_the_api_comes_from_this_host_alone(watched: Watched, server: Running) -> None:
    watched.page.goto(server.address + "/docs")
    expect(watched.page.locator(".opblock").first).to_be_visible()
    assert watched.complaints == []
    assert {urlsplit(url).netloc for url in watched.requests if not url.startswith("data:")} == {
        urlsplit(server.address).netloc
    }


def test_a_picture_of_the_page_is_taken(watched: Watched, tmp_path: Path) -> None:
    watched.is_live()
    target = Path(os.environ.get("SMARTCITY_SCREENSHOT") or tmp_path / "page.png")
    watched.page.screenshot(path=target, full_page=True)
    assert target.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert target.stat().st_mtime > time.time() - 60
