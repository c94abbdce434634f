"""The page of a running town in a real browser; `SMARTCITY_SCREENSHOT=docs/page.png` keeps the picture."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.servers.process import wait_for
from tests.test_run import town

pytestmark = pytest.mark.server("chromium")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


def test_a_first_look_shows_live_values_of_two_cities(tmp_path: Path) -> None:
    target = Path(os.environ.get("SMARTCITY_SCREENSHOT") or tmp_path / "page.png")
    with town(tmp_path / "data", "iotcore") as running, sync_playwright() as playwright:
        wait_for(lambda: running.stored() >= 68, 60, "a value of every station")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1080, "height": 1040}, locale="de-DE")
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(str(running.api.base_url))
        expect(page.get_by_text("Verbunden")).to_be_visible(timeout=15_000)
        expect(page.locator("tbody tr")).to_have_count(70)
        page.screenshot(path=target)
        browser.close()
    assert complaints == []
    assert target.stat().st_size > 20_000
