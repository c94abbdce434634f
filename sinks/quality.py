"""The text form of quality flags: one field of a row that says which of its values are not good, and why.

    distance_mm=9:no_echo level_pct=3:below_empty

`<quantity>=<flag>:<code>`, parted by one space, ordered by quantity. A value that is not named is good, so the field
is absent when all of them are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .errors import Invalid
from .model import Quality

_WORD: Final = re.compile(r"[a-z0-9_]+")
_ITEM: Final = re.compile(r"([a-z0-9_]+)=(\d):([a-z0-9_]+)")


def format_codes(codes: Mapping[str, tuple[Quality, str]]) -> str:
    """Quantity to flag and reason as one text; good values are left out, "" when nothing is left.

    Raises `Invalid` for a quantity or reason that is not made of a-z, 0-9 and _.
    """
    return " ".join(
        _item(quantity, *codes[quantity]) for quantity in sorted(codes) if codes[quantity][0] != Quality.GOOD
    )


def _item(quantity: str, flag: Quality, code: str) -> str:
    for word in (quantity, code):
        if _WORD.fullmatch(word) is None:
            raise Invalid(f"{word!r} is no name for a quality code: only a-z, 0-9 and _ are")
    return f"{quantity}={int(flag)}:{code}"


def parse_codes(text: str) -> dict[str, tuple[Quality, str]]:
    """The inverse of `format_codes`. Raises `Invalid` and names the item that cannot be read."""
    return dict(_parse_item(item) for item in text.split())


def _parse_item(item: str) -> tuple[str, tuple[Quality, str]]:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise Invalid(f"{item!r} is no quality code: <quantity>=<flag>:<code> is")
    quantity, flag, code = found.groups()
    try:
        return quantity, (Quality(int(flag)), code)
    except ValueError:
        raise Invalid(f"{item!r} has a flag that is none of {[int(known) for known in Quality]}") from None
