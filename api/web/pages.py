"""Fills the templates. Everything that comes from data is escaped here, and only here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import urlencode

import fastapi_offline

from api.answers import Station, Status
from api.insight.state import STATES
from api.latest import Board
from api.settings import ApiSettings
from api.stations import Filter

from .languages import Texts, age_text
from .values import value_items

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"
SWAGGER: Final = Path(fastapi_offline.__file__).parent / "static"
"""Swagger UI as files of our own host; the package carries them so that nothing is fetched from elsewhere."""

_MOST_ROWS: Final = 500
"""A longer list helps nobody and weighs megabytes; the selection narrows it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What the page shows: the board, the accounting, and which stations were chosen."""

    board: Board
    status: Status
    chosen: Filter


class Pages:
    """All pages of one app."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._templates = {
            file.stem: Template(file.read_text("utf-8")) for file in (_HERE / "templates").glob("*.html")
        }
        self._texts: dict[str, Any] = json.loads((STATIC / "texts.json").read_text("utf-8"))

    def docs(self) -> str:
        """The description of the API."""
        return self._fill("docs", title=self._settings.title)

    def unavailable(self, language: str) -> str:
        """The page while the store does not answer."""
        texts = self._texts[language]
        main = self._fill("unavailable", texts)
        return self._page(main, language, {"page_title": texts["unavailable"], "since": "0"}, None, Filter())

    def overview(self, content: Content, language: str) -> str:
        """The list of stations, or what to check while there is none."""
        texts = self._texts[language]
        main = self._list(content, language) if content.board.stations else self._empty(texts)
        head = {"page_title": self._settings.title, "since": str(content.board.as_of_ms)}
        return self._page(main, language, head, content.status, content.chosen)

    def _page(self, main: str, language: str, head: Mapping[str, str], status: Status | None, chosen: Filter) -> str:
        texts, numbers = self._texts[language], _numbers(status)
        words: dict[str, str] = texts["account_words"]
        rows = [_account_row(word, text, numbers[word]) for word, text in words.items()]
        return self._fill(
            "page",
            {**texts, **head, "lang": language, "title": self._settings.title},
            main=main,
            account_rows="\n".join(rows),
            unbalanced_hidden=" hidden" if _balanced(status) else "",
            terms=self._terms(texts),
            other_query=escape(urlencode({"lang": texts["other"], **_parameters(chosen)})),
        )

    def _terms(self, texts: Texts) -> str:
        licence = self._settings.licence
        named = {"publisher": self._settings.publisher, "attribution": self._settings.attribution}
        link = f'<a href="{escape(licence.url)}" rel="license">{escape(licence.name)}</a>'
        lines = [f"<li>{escape(texts['licence'])}: {link}</li>"]
        lines += [f"<li>{escape(texts[word])}: {escape(text)}</li>" for word, text in named.items() if text]
        return "\n".join(lines)

    def _empty(self, texts: Texts) -> str:
        checks = "\n".join(f"<li>{escape(check)}</li>" for check in texts["empty_checks"])
        return self._fill("empty", {**texts, "connection": texts["connection"]["static"]}, checks=checks)

    def _list(self, content: Content, language: str) -> str:
        texts = self._texts[language]
        everything = content.board.stations.values()
        chosen = sorted(
            filter(content.chosen.admits, everything), key=lambda one: (one.organisation_name, one.name, one.id)
        )
        shown = chosen[:_MOST_ROWS]
        counted = {
            "shown": texts["shown"].replace("{n}", str(len(shown))),
            "cut": texts["cut"].replace("{total}", str(len(chosen))),
        }
        return self._fill(
            "overview",
            {**texts, "lang": language, "connection": texts["connection"]["static"], **counted},
            selects=self._selects(everything, content.chosen, texts),
            rows="\n".join(self._row(one, language) for one in shown),
            blank_row=self._blank_row(texts),
            no_match_hidden=" hidden" if shown else "",
            cut_hidden="" if len(chosen) > len(shown) else " hidden",
        )

    def _selects(self, stations: Iterable[Station], chosen: Filter, texts: Texts) -> str:
        organisations = dict(sorted({one.organisation: one.organisation_name for one in stations}.items()))
        kinds = {kind: texts["kinds"].get(kind, kind) for kind in STATES}
        return "\n".join(
            _select(name, (texts[name], texts["all"]), options, getattr(chosen, name))
            for name, options in (("organisation", organisations), ("kind", kinds), ("state", texts["states"]))
        )

    def _row(self, one: Station, language: str) -> str:
        texts = self._texts[language]
        cells = {
            "id": one.id,
            "name": one.name or one.id,
            "kind": texts["kinds"].get(one.kind, one.kind),
            "organisation": one.organisation_name,
            "state_word": one.state,
            "state": texts["states"][one.state],
            "icon": self._texts["icons"][one.state],
            "last_seen": one.last_seen or "",
            "age": age_text(one.age_s, texts),
        }
        values = value_items(one.latest.values(), self._texts, language)
        return self._fill(
            "row", {**_labels(texts), **cells}, values=values, stale_hidden="" if one.stale else " hidden"
        )

    def _blank_row(self, texts: Texts) -> str:
        names = ("id", "name", "kind", "organisation", "state_word", "state", "icon", "last_seen", "age")
        return self._fill("row", {**_labels(texts), **dict.fromkeys(names, "")}, values="", stale_hidden=" hidden")

    def _fill(self, template: str, texts: Mapping[str, object] | None = None, **markup: str) -> str:
        """A template with `texts`, which are escaped, and `markup`, which is HTML already."""
        escaped = {name: escape(str(text)) for name, text in (texts or {}).items()}
        return self._templates[template].substitute(escaped | markup)


def _labels(texts: Texts) -> dict[str, str]:
    names = ("kind", "organisation", "state", "values", "seen")
    return {f"{name}_label": texts[name] for name in names} | {"stale": texts["stale"]}


def _select(name: str, labels: tuple[str, str], options: Mapping[str, str], selected: str) -> str:
    label, everything = labels
    made = [f'<option value="">{escape(everything)}</option>']
    for value, text in options.items():
        mark = " selected" if value == selected else ""
        made.append(f'<option value="{escape(value)}"{mark}>{escape(text)}</option>')
    return f'<label>{escape(label)} <select name="{name}">{"".join(made)}</select></label>'


def _parameters(chosen: Filter) -> dict[str, str]:
    named = {"organisation": chosen.organisation, "kind": chosen.kind, "state": chosen.state}
    return {name: value for name, value in named.items() if value}


def _numbers(status: Status | None) -> dict[str, str]:
    """Messages by what became of them. Every sink settles the same ones: the one that is furthest speaks for all."""
    words = ("stored", "duplicate", "dead_letter", "expired")
    if status is None:
        return dict.fromkeys(("received", *words, "in_flight"), "\N{EN DASH}")
    furthest = max(status.sinks.values(), key=lambda one: one.cursor, default=None)
    if furthest is None:
        return dict.fromkeys(("received", *words, "in_flight"), "0")
    numbers = {"received": furthest.received, "in_flight": furthest.in_flight}
    numbers |= {word: furthest.counts.get(word, 0) for word in words}
    return {word: str(number) for word, number in numbers.items()}


def _account_row(word: str, text: str, number: str) -> str:
    """What was trimmed before a store began is told only where that happened."""
    hidden = " hidden" if word == "expired" and not number.strip("0\N{EN DASH}") else ""
    return f'<div{hidden}><dt>{escape(text)}</dt><dd data-count="{word}">{number}</dd></div>'


def _balanced(status: Status | None) -> bool:
    return status is None or all(one.balanced for one in status.sinks.values())
