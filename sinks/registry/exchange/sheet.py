"""CSV as spreadsheets write it, German Excel among them: any delimiter, either decimal sign, either encoding."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from sinks.errors import Invalid
from sinks.registry.forms import Scalar
from sinks.registry.rules import shown
from sinks.registry.snapshot import Snapshot

from .columns import COLUMNS, PARAMS, Cell, Column, find_column, no_column
from .lines import ROWS_MAX, Line, Lines, Problem, bounded, parse_kind, parse_time
from .values import Piece, Said, asset_values, device_values, installation_values, pieces

_DELIMITERS: Final = ";,\t"
_GROUPED: Final = re.compile(r"\d{1,3}([.,]\d{3})+", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?", re.ASCII)
_WORDS: Final = {"true": True, "false": False}


def read_csv(content: bytes) -> Lines:
    """Lines and problems of a CSV file. Raises `Invalid` when it is none, or too long."""
    rows = _rows(text_of(bounded(content)))
    if len(rows) > ROWS_MAX + 1:
        raise Invalid(f"an import has at most {ROWS_MAX} rows; split the file")
    head, problems = _head(rows)
    lines: list[Line] = []
    for number, cells in enumerate(rows[1:], 2):
        line, wrong = _line(head, number, cells)
        lines += [line] if line.values else []
        problems += wrong
    return Lines(tuple(lines), tuple(problems))


def export_csv(snapshot: Snapshot) -> bytes:
    """What `read_csv` reads, so that German Excel neither misreads nor spoils it.

    UTF-8 with its mark, semicolons, decimal commas; a DevEUI has dashes, or Excel would round one made of digits.
    """
    lines = [_written(piece) for piece in pieces(snapshot)]
    used = {name for line in lines for name in line}
    header = [name for name in COLUMNS if name in used or name in ("organisation", "dev_eui", "asset_id")]
    header += sorted(name for name in used if name.startswith(PARAMS))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([line.get(name, "") for name in header] for line in lines)
    return out.getvalue().encode("utf-8-sig")


def text_of(content: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with it ("Unicode text" of Excel), else Windows-1252."""
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        raise Invalid("the file is neither UTF-8 nor Windows-1252 text; save it as CSV UTF-8") from None


def _rows(text: str) -> list[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=lambda sign: (_recognised(first, sign), first.count(sign)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > ROWS_MAX + 1:
                break
    except csv.Error as error:
        raise Invalid(f"row {len(rows) + 1} is no CSV: {error}") from None
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise Invalid("the file is empty; its first row names the columns")
    return rows


def _recognised(first: str, delimiter: str) -> int:
    return sum(find_column(header.strip().strip('"')) is not None for header in first.split(delimiter))


@dataclass(frozen=True, slots=True)
class _Head:
    """The first row: columns by position; positions that have any header; whether both decimal signs occur below."""

    columns: Mapping[int, Column]
    named: frozenset[int]
    mixed: bool


def _head(rows: Sequence[Sequence[str]]) -> tuple[_Head, list[Problem]]:
    columns: dict[int, Column] = {}
    problems: list[Problem] = []
    named = [(at, name.strip()) for at, name in enumerate(rows[0]) if name.strip()]
    for at, name in named:
        column = find_column(name)
        if column is None:
            problems.append(Problem(1, name, no_column(name)))
        elif column in columns.values():
            problems.append(Problem(1, name, f"the column {column.name} is there twice"))
        else:
            columns[at] = column
    return _Head(columns, frozenset(at for at, _ in named), _both_signs(columns, rows[1:])), problems


def _both_signs(columns: Mapping[int, Column], rows: Sequence[Sequence[str]]) -> bool:
    numbers = [at for at, column in columns.items() if column.cell is Cell.NUMBER]
    signs = {sign for row in rows for at in numbers if at < len(row) for sign in ".," if sign in row[at]}
    return len(signs) == 2


def _line(head: _Head, row: int, cells: Sequence[str]) -> tuple[Line, list[Problem]]:
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for at, cell in enumerate(cells):
        column = head.columns.get(at)
        if not cell.strip():
            continue
        if column is None:
            if at not in head.named:
                problems.append(Problem(row, "", f"{shown(cell)} stands in column {at + 1}, which has no header"))
            continue
        try:
            values[column.name] = _read(column.cell, cell.strip(), mixed=head.mixed)
        except Invalid as broken:
            problems.append(Problem(row, column.name, str(broken)))
    return Line(row, values), problems


def _read(cell: Cell, text: str, *, mixed: bool) -> object:
    if cell is Cell.NUMBER:
        return _number(text, mixed=mixed)
    if cell is Cell.TIME:
        return parse_time(text)
    if cell is Cell.KIND:
        return parse_kind(text)
    return _scalar(text) if cell is Cell.SCALAR else text


def _number(text: str, *, mixed: bool) -> str:
    if mixed and _GROUPED.fullmatch(text):
        raise Invalid(
            f"{text} can be read in two ways: use one decimal sign in the file, and nothing between thousands"
        )
    return text.replace(",", ".")


def _scalar(text: str) -> object:
    if text.startswith('"'):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Invalid(f"{text} begins with a quotation mark and does not end with one") from None
    if text in _WORDS:
        return _WORDS[text]
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else text


def _written(piece: Piece) -> dict[str, str]:
    said: Said = {}
    if piece.asset:
        said |= asset_values(piece.asset)
    if piece.device:
        said |= device_values(piece.device)
    if piece.installation:
        said |= installation_values(piece.installation)
    return {name: _cell(name, value) for name, value in said.items()}


def _cell(name: str, value: Scalar) -> str:
    if name == "dev_eui":
        return "-".join(re.findall("..", str(value)))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value) if name.startswith(PARAMS) else value
    return repr(value).removesuffix(".0").replace(".", ",")


def _quoted(text: str) -> str:
    """The text; as JSON where it would be read back as something else."""
    other = not text or text.startswith('"') or text in _WORDS or _NUMBER.fullmatch(text)
    return orjson.dumps(text).decode() if other else text
