"""What identifiers and texts must look like. Each rule gives the normal form or raises `Invalid` naming the rule."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from sinks.errors import Invalid

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_EUI: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}/[!-~]{1,128}", re.ASCII)
_SHORTENED: Final = re.compile(r"\d([.,]\d+)?[eE]\+\d+", re.ASCII)
TEXT_MAX: Final = 200


def eui(text: str) -> str:
    """A DevEUI as 16 lower-case hex digits; dashes, colons, blanks and upper case are taken.

    A device without one, e.g. a home-made sensor on plain MQTT, is named `<network or application>/<its id there>`.
    """
    if _KEY.fullmatch(text):
        return text
    normal = re.sub(r"[-:\s]", "", text).lower()
    if _SHORTENED.fullmatch(text.strip()):
        raise Invalid(
            f"{shown(text)} is a DevEUI that a spreadsheet shortened: format its column as text, fill it anew"
        )
    if not _EUI.fullmatch(normal):
        raise Invalid(f"a DevEUI has 16 hex digits (0-9, a-f), {shown(text)} is none; without one: network/id")
    if normal in ("0" * 16, "f" * 16):
        raise Invalid(f"{shown(text)} is no device's DevEUI")
    return normal


def slug(text: str) -> str:
    """An id: 1 to 64 of a-z, 0-9, dot, underscore, dash; the first a letter or digit."""
    if not _SLUG.fullmatch(text):
        raise Invalid(
            f"an id has 1 to 64 of a-z, 0-9, '.', '_', '-' and begins with a letter or digit, {shown(text)} does not"
        )
    return text


def plain(text: str) -> str:
    """A text for people: one line, composed characters, single blanks, nothing that a spreadsheet would run."""
    normal = " ".join(unicodedata.normalize("NFC", text).split())
    if len(normal) > TEXT_MAX:
        raise Invalid(f"a text has at most {TEXT_MAX} characters, {shown(text)} has {len(normal)}")
    if not normal.isprintable():
        raise Invalid(f"a text has printable characters only, {shown(text)} has others")
    if normal.startswith(("=", "+", "-", "@")):
        raise Invalid(f"a text must not begin with = + - @ (spreadsheets run such cells), {shown(text)} does")
    return normal


def said(text: str) -> str:
    """A text for people that says something."""
    normal = plain(text)
    if not normal:
        raise Invalid("a text must not be empty")
    return normal


def pairs(text: str, mark: str) -> list[tuple[str, float]]:
    """`"0:0,50:400"` (`mark` is the colon) as pairs of a name and a number, in order."""
    found = []
    for part in text.split(","):
        name, found_mark, number = part.strip().rpartition(mark)
        if not found_mark or not name.strip() or not re.fullmatch(r"\d+(\.\d+)?", number.strip(), re.ASCII):
            raise Invalid(f"{shown(text)} is not a list like 0{mark}0,50{mark}400")
        found.append((name.strip(), float(number)))
    return found


def known(what: str, name: str, names: Collection[str]) -> str:
    """The name, when it is one of the names; else an error that names the nearest."""
    if name in names:
        return name
    raise Invalid(f"there is no {what} {shown(name)}{nearest(name, names)}")


def nearest(name: str, names: Iterable[str]) -> str:
    """`"; did you mean …?"`, or nothing when no name is near."""
    by_form = {_form(each): each for each in names}
    near = get_close_matches(_form(name), by_form, n=1, cutoff=0.5)
    return f"; did you mean {by_form[near[0]]}?" if near else ""


def shown(value: object) -> str:
    """What was given, short enough for a sentence."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…{text[-1]}"


def _form(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.casefold())
