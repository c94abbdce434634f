"""The newest values of a station as list items."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from api.answers import Observation

from .languages import number_text


def value_items(latest: Iterable[Observation], texts: dict[str, Any], language: str) -> str:
    """HTML list items in the page's own order; quantities that only an engineer reads are left to the API."""
    order = list(texts["shown"])
    shown = sorted(
        (one for one in latest if one.quantity in order), key=lambda one: (order.index(one.quantity), one.depth_cm or 0)
    )
    return "".join(_item(one, texts, language) for one in shown)


def _item(one: Observation, texts: dict[str, Any], language: str) -> str:
    words = texts[language]
    known = texts["shown"][one.quantity]
    depth = "" if one.depth_cm is None else " " + words["depth"].replace("{n}", f"{one.depth_cm:g}")
    value = "\N{EN DASH}" if one.value is None else f"{number_text(one.value, words)} {known['unit']}"
    flag = words["qualities"][one.quality]
    note = f' <span class="flag">({escape(flag)})</span>' if flag else ""
    label = escape(known[language] + depth)
    return f'<li><span class="quantity">{label}</span>: <span class="value">{escape(value)}</span>{note}</li>'
