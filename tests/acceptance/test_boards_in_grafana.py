"""Every board in a real Grafana and a real browser: in German and English, seeded and empty, read in both ways.

`SMARTCITY_PICTURES=<folder>` keeps a picture of each.
"""

from __future__ import annotations

import os
import shutil
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, ViewportSize, sync_playwright

from grafana.__main__ import BOARDS
from grafana.sync import uid
from grafana.technical import LANGUAGES, Language
from sinks.influxdb.write import InfluxStore
from sinks.model import Organisation
from sinks.storage import Storage
from tests.acceptance.grafana import Grafana, Way, running
from tests.door import environment, smartcity
from tests.grafana.seed import fleet_and_pipeline, town
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb
from tests.servers.process import wait_for

pytestmark = [pytest.mark.server("influxdb", "chromium"), pytest.mark.timeout(600)]

FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
CHOSEN: Final = {"bin": "&var-bin=of-half", "device": "&var-device=a1"}
BOARD: Final = {(name, language): make(language).to_json() for name, make in BOARDS.items() for language in LANGUAGES}
EACH: Final = [pytest.param(*key, id="-".join(key)) for key in BOARD]
WITHOUT: Final = {
    # nobody has derived these in the seed
    "bin": {"Füllrate je Tag", "Rate a day", "Geleert vor", "Emptied before"},
    "device": {"Batteriespannung", "Battery voltage"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Influxdb]:
    with influxdb.running() as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        yield found
        found.close()


def filled(server: Influxdb) -> Influxdb:
    bucket, now_ms = server.fresh_bucket(), time.time_ns() // 1_000_000
    with closing(InfluxStore(bucket.writer)) as store:
        assert store.write([*town(now_ms), *fleet_and_pipeline(now_ms)]).rejected == ()
    return bucket


@pytest.fixture(scope="module", params=get_args(Way))
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture(scope="module")
def seeded(server: Influxdb, way: Way) -> Iterator[Grafana]:
    with running(filled(server), way) as found:
        yield found


@pytest.fixture(scope="module")
def empty(server: Influxdb, way: Way) -> Iterator[Grafana]:
    with running(server.fresh_bucket(), way) as found:
        yield found


class Look:
    """One board in a tab, with all that was asked for and all that went wrong."""

    def __init__(self, browser: Browser, url: str, path: str, password: str = "") -> None:
        signed = {"Authorization": f"Basic {b64encode(f'admin:{password}'.encode()).decode()}"} if password else None
        view = ViewportSize(width=1600, height=3200)
        self.page = browser.new_page(viewport=view, locale="de-DE", extra_http_headers=signed)
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self._last = time.monotonic()
        self.page.on("request", lambda asked: self.hosts.add(urlsplit(asked.url).hostname or ""))
        self.page.on("response", self._judge)
        self.page.on("requestfinished", lambda _: self._moved())
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"{url}{path}")
        self._settle()

    def _moved(self) -> None:
        self._last = time.monotonic()

    def _judge(self, answer: Response) -> None:
        self._moved()
        if answer.status >= 400:
            self.complaints.append(f"{answer.status} {urlsplit(answer.url).path}")

    def _settle(self) -> None:
        """Until nothing was asked for two seconds; a board asks at most for some."""
        self._moved()

        def still() -> bool:
            self.page.wait_for_timeout(200)
            return time.monotonic() - self._last > 2

        wait_for(still, 60, "the end of the board's questions")

    def errors(self) -> list[str]:
        """Panels with a mark of failure; by the names that 9.4 and later ones give it."""
        marks = '[aria-label="Panel header error"], [data-testid="data-testid Panel status error"]'
        return [found.get_attribute("aria-label") or "error" for found in self.page.locator(marks).all()]

    def text(self, title: str) -> str:
        """What a panel says; "" when there is none of that title."""
        found = panel(self.page, title)
        return found.inner_text() if found is not None else ""


def panel(page: Page, title: str) -> Any:
    """Its section: 9.4 and later ones name it differently."""
    for name in (f'[aria-label="{title} panel"]', f'[data-testid="data-testid Panel header {title}"]'):
        found = page.locator(name)
        if found.count():
            return found.first
    return None


def open_board(browser: Browser, grafana: Grafana, name: str, language: Language, kept: str) -> Look:
    board = BOARD[name, language]
    look = Look(browser, grafana.url, f"/d/{board['uid']}?orgId=1&kiosk{CHOSEN.get(name, '')}")
    if folder := os.environ.get("SMARTCITY_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        look.page.screenshot(path=Path(folder) / f"{board['uid']}-{kept}.png", full_page=True)
    return look


def sound(look: Look) -> None:
    assert look.errors() == []
    assert look.complaints == []
    assert look.hosts == {"127.0.0.1"}


@pytest.mark.parametrize(("name", "language"), EACH)
def test_a_board_shows_what_is_there(
    browser: Browser, seeded: Grafana, way: Way, name: str, language: Language
) -> None:
    look = open_board(browser, seeded, name, language, f"{way}-seeded")
    with closing(look.page):
        sound(look)
        silent = [
            found["title"]
            for found in BOARD[name, language]["panels"]
            if found["fieldConfig"]["defaults"]["noValue"] in look.text(found["title"])
        ]
        assert set(silent) <= WITHOUT.get(name, set())
        for found in BOARD[name, language]["panels"]:
            said = look.text(found["title"])
            assert said, f"{found['title']} is not there"
            rows = panel(look.page, found["title"]).locator('[role="row"]').count()
            assert found["type"] != "table" or rows > 1, f"{found['title']} is empty"


@pytest.mark.parametrize(("name", "language"), EACH)
def test_an_empty_board_says_what_to_check(
    browser: Browser, empty: Grafana, way: Way, name: str, language: Language
) -> None:
    look = open_board(browser, empty, name, language, f"{way}-empty")
    with closing(look.page):
        sound(look)
        for found in BOARD[name, language]["panels"]:
            assert look.text(found["title"]), f"{found['title']} is not there"


def settings(grafana: Grafana, folder: Path) -> dict[str, str]:
    """Of a house with the city Offenbach, which reads the store that this Grafana reads."""
    (folder / "password").write_text(grafana.password)
    (folder / "read").write_text(grafana.influxdb.read_token)
    with closing(Storage(data=folder).open_registry()) as registry:
        registry.add_organisation(Organisation("offenbach", "Offenbach am Main"))
    return environment(
        folder,
        SMARTCITY_STORE__KIND="influxdb",
        SMARTCITY_STORE__INFLUXDB__URL=grafana.influxdb.url,
        SMARTCITY_STORE__INFLUXDB__ORG=grafana.influxdb.org,
        SMARTCITY_STORE__INFLUXDB__BUCKET=grafana.influxdb.bucket,
        SMARTCITY_STORE__INFLUXDB__READ_TOKEN_FILE=str(folder / "read"),
        SMARTCITY_GRAFANA__URL=grafana.url,
        SMARTCITY_GRAFANA__USER="admin",
        SMARTCITY_GRAFANA__PASSWORD_FILE=str(folder / "password"),
    )


def test_verify_finds_no_error_in_any_panel_or_rule(seeded: Grafana, tmp_path: Path) -> None:
    said = smartcity("grafana", "verify", "--since", "2d", env=settings(seeded, tmp_path))
    assert said.code == 0, said.out
    assert " error" not in said.out.replace("0 errors", "")


def test_a_city_has_boards_of_its_own_and_the_second_run_changes_nothing(
    browser: Browser, seeded: Grafana, tmp_path: Path
) -> None:
    env = settings(seeded, tmp_path)
    first, second = (smartcity("grafana", "sync", "--since", "3d", env=env) for _ in range(2))
    assert (first.code, "folder | Offenbach am Main | added" in first.out) == (0, True), first.out + first.err
    assert (second.code, second.out) == (0, "all is as it should be\n")
    look = Look(browser, seeded.url, f"/d/{uid('smartcity-bins', 'offenbach')}?orgId=1&kiosk", seeded.password)
    with closing(look.page):
        sound(look)
        listed = look.text("Behälter nach Füllstand")
        assert "of-due" in listed
        assert "gi-over" not in listed
