"""Which model a text means: a profile's name, an id in a device repository, what somebody called a device.

Such a text has more in it than the model ("Milesight EM400-MUD (EU868)") and is spelled as people please. So only
letters and digits count, and a name is found where it stands as whole words: `LDDS75` is not `DDS75`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")
_LONGEST_TEXT: Final = 200
_MOST_WORDS: Final = 8
_LEAST: Final = 4


def spellings(models: Mapping[str, str]) -> dict[str, str]:
    """Letters and digits of every name of a model (key, trade name, alias) to its key. `models`: name to key."""
    return {_plain(name): key for name, key in models.items()}


def named(text: str, known: Mapping[str, str]) -> frozenset[str]:
    """Keys of the models that this text names: one, none, or several when it is not clear. `known`: of `spellings`.

    Within a longer text the longest name counts, and only one with a digit: `Soil moisture sensor 4` names no model.
    """
    whole = known.get(_plain(text))
    if whole is not None:
        return frozenset({whole})
    found = [part for part in _parts(text) if part in known and _is_telling(part)]
    longest = max(map(len, found), default=0)
    return frozenset(known[part] for part in found if len(part) == longest)


def _plain(text: str) -> str:
    return "".join(_words(text))


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_LONGEST_TEXT].casefold())


def _parts(text: str) -> set[str]:
    """Every sequence of words of the text, joined."""
    words = _words(text)
    ends = range(1, _MOST_WORDS + 1)
    return {"".join(words[start : start + length]) for start in range(len(words)) for length in ends}


def _is_telling(name: str) -> bool:
    return len(name) >= _LEAST and any(sign.isdigit() for sign in name) and not name.isdigit()
