"""One device of a network server's list."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from sinks.errors import Invalid
from sinks.registry import rules

_KEY: Final = re.compile(r"[0-9A-Fa-f]{32,}")


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list says; "" and None where it says nothing. All as it stands there, unchecked.

    `line`: of the file, where the device begins. `models`: texts that may name its model, the most telling first.
    `lat`, `lon`: WGS 84 degrees.
    """

    line: int
    dev_eui: str
    name: str = ""
    models: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None

    def eui(self) -> str:
        """Its DevEUI in the normal form. Raises `Invalid`; the text never holds what may be a key."""
        if not self.dev_eui:
            raise Invalid("it has no DevEUI")
        if _KEY.search(_bare(self.dev_eui)):
            raise Invalid("its DevEUI is as long as a key; are the columns in order?")
        normal = rules.eui(self.dev_eui)
        if "/" in normal:
            raise Invalid("its DevEUI has not 16 hex digits")
        return normal

    def checked(self) -> Listed:
        """Itself. Raises `Invalid` when a text for people has a key in it: then the columns are not in order."""
        if any(_KEY.search(text) for text in (self.name, *self.models)):
            raise Invalid("its name or model has 32 hex digits, as keys have; are the columns in order?")
        return self

    def masked(self) -> Listed:
        """As it may be shown when it is left out: without what may be a key."""
        dev_eui = "***" if _KEY.search(_bare(self.dev_eui)) else self.dev_eui
        return replace(self, dev_eui=dev_eui, name=_KEY.sub("***", self.name))


def _bare(text: str) -> str:
    return re.sub(r"[-:\s]", "", text)
