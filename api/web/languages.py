"""German and English: which one a reader wants, and how numbers and ages read in it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

Texts = dict[str, Any]
"""The words of one language, as in `static/texts.json`."""

LANGUAGES: Final = ("de", "en")
_STEPS: Final = (Decimal(1), Decimal("0.1"), Decimal("0.001"))
_AGES: Final = ((60, "s", 1), (3600, "min", 60), (172_800, "h", 3600), (float("inf"), "d", 86_400))


def choose_language(wanted: str, accept: str) -> str:
    """`wanted` (out of the address) when we speak it, else the best of an Accept-Language header, else German."""
    if wanted in LANGUAGES:
        return wanted
    ranked = sorted((_weighted(part) for part in accept.split(",")), key=lambda one: -one[1])
    return next((language for language, weight in ranked if language in LANGUAGES and weight > 0), LANGUAGES[0])


def _weighted(part: str) -> tuple[str, float]:
    name, _, weight = part.partition(";q=")
    language = name.strip().partition("-")[0].lower()
    try:
        return language, float(weight or 1)
    except ValueError:
        return language, 0.0


def number_text(value: float, texts: Texts) -> str:
    """A number with as many decimals as its size deserves: none from 100 on, one from 1 on, else three.

    Halves are rounded away from zero, as browsers do, so that the page's script writes the same.
    """
    size = abs(value)
    step = _STEPS[0 if size >= 100 else 1 if size >= 1 else 2]
    text = f"{Decimal(repr(value)).quantize(step, ROUND_HALF_UP):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    decimal: str = texts["decimal"]
    return ("0" if text == "-0" else text).replace(".", decimal)


def age_text(seconds: int | None, texts: Texts) -> str:
    """How long ago, in the coarsest unit that still says something, e.g. "vor 3 min"."""
    if seconds is None:
        return str(texts["never"])
    word, size = next((word, size) for bound, word, size in _AGES if seconds < bound)
    return str(texts["age"][word]).replace("{n}", str(seconds // size))
