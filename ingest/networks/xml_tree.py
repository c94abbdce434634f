"""XML as plain values, for the one network server that sends it. No entities, no document types, nothing fetched.

expat is told to take UTF-8 whatever the document declares. It refuses a document type before reading one, and without
one there is nothing to expand: the five predefined entities and characters by number are all that is left.
"""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from .refusal import Code, Refused

Value = str | dict[str, "Value"] | list["Value"]

DEEPEST: Final = 16
"""Elements within elements; a ThingPark document has four."""


def tree(body: bytes) -> tuple[str, Value]:
    """Name and value of the root: its text, or its elements by name, several of one name as a list.

    Namespaces and attributes are left out. Raises `Refused`.
    """
    builder = _Builder()
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise Refused(Code.NOT_XML, f"The body is not valid XML: {error}.") from error
    return builder.root


def _refuse_doctype(*_: object) -> None:
    raise Refused(Code.NOT_XML, "The XML has a document type; those are not read, for they can hold entities.")


class _Builder:
    """Takes expat's events. `root` is there when the document ends."""

    def __init__(self) -> None:
        self.root: tuple[str, Value] = ("", "")
        self._open: list[tuple[str, dict[str, Value], list[str]]] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) == DEEPEST:
            raise Refused(Code.TOO_DEEP, "The XML is nested deeper than any network server nests.")
        self._open.append((name.rpartition(" ")[2], {}, []))

    def text(self, text: str) -> None:
        self._open[-1][2].append(text)

    def end(self, _name: str) -> None:
        name, children, texts = self._open.pop()
        value: Value = children or "".join(texts).strip()
        if not self._open:
            self.root = (name, value)
            return
        siblings = self._open[-1][1]
        earlier = siblings.get(name)
        if earlier is None:
            siblings[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            siblings[name] = [earlier, value]
