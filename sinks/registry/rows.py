"""Records to rows and back. A column is named like the field that it keeps; every change raises the revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, insert, select, update

from sinks.errors import Invalid
from sinks.model import Asset, Device, Installation, Organisation

from . import tables

_AT_ONCE: Final = 1_000

Record = TypeVar("Record", Organisation, Device, Asset, Installation)

_TABLES: Final[Mapping[type, Table]] = {
    Organisation: tables.organisations,
    Device: tables.devices,
    Asset: tables.assets,
    Installation: tables.installations,
}


def load(connection: Connection, kind: type[Record], **where: str) -> list[Record]:
    """All records of a kind whose fields have these values, by their keys."""
    table = _TABLES[kind]
    query = select(table).where(*(table.c[name] == value for name, value in where.items()))
    share = _Shared()
    rows = connection.execute(query.execution_options(yield_per=_AT_ONCE)).mappings()
    return sorted((kind(**{name: share(value) for name, value in row.items()}) for row in rows), key=_key)


class _Shared:
    """Gives of equal texts and equal mappings the one that it saw first.

    A city's bins are mounted alike and have the same sizes: with 10,000 of them it saves every process 10 MB.
    """

    def __init__(self) -> None:
        self._seen: dict[object, Any] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._seen.setdefault(value, value)
        if isinstance(value, dict):
            return self._seen.setdefault(tuple((name, type(item), item) for name, item in value.items()), value)
        return value


def find(connection: Connection, kind: type[Record], *key: str | int) -> Record | None:
    """The record with this key, or None."""
    row = connection.execute(select(_TABLES[kind]).where(_is(_TABLES[kind], key))).mappings().one_or_none()
    return None if row is None else kind(**row)


def need(connection: Connection, kind: type[Record], *key: str | int) -> Record:
    """The record with this key. Raises `Invalid`."""
    found = find(connection, kind, *key)
    if found is None:
        raise Invalid(f"there is no {kind.__name__.lower()} {' '.join(map(str, key))}")
    return found


def add(connection: Connection, record: Record) -> None:
    """A new row. Raises `Invalid` when there is one with its key."""
    if find(connection, type(record), *_key(record)) is not None:
        raise Invalid(f"the {type(record).__name__.lower()} {' '.join(map(str, _key(record)))} is there already")
    connection.execute(insert(_TABLES[type(record)]).values(_values(record)))
    raise_revision(connection)


def change(connection: Connection, record: Record) -> None:
    """Another row under the same key; the same row again is no change."""
    if record == need(connection, type(record), *_key(record)):
        return
    table = _TABLES[type(record)]
    connection.execute(update(table).where(_is(table, _key(record))).values(_values(record)))
    raise_revision(connection)


def remove(connection: Connection, record: Organisation | Device | Asset | Installation) -> None:
    """One row less."""
    table = _TABLES[type(record)]
    connection.execute(delete(table).where(_is(table, _key(record))))
    raise_revision(connection)


def write(connection: Connection, changed: Sequence[Any], created: Sequence[Any]) -> None:
    """Many rows at once, of any kinds: owners before what they own, changes before what needs their room."""
    for kind, table in _TABLES.items():
        changes = [_values(record) for record in changed if type(record) is kind]
        creations = [_values(record) for record in created if type(record) is kind]
        if changes:
            _update_all(connection, table, changes)
        if creations:
            connection.execute(insert(table), creations)
    if changed or created:
        raise_revision(connection)


def _update_all(connection: Connection, table: Table, changes: Sequence[Mapping[str, Any]]) -> None:
    keys = {column.name for column in table.primary_key}
    rest = {column.name for column in table.columns} - keys
    here = and_(*(table.c[name] == bindparam(f"the_{name}") for name in keys))
    statement = update(table).where(here).values({name: bindparam(f"the_{name}") for name in rest})
    connection.execute(statement, [{f"the_{name}": value for name, value in row.items()} for row in changes])


def raise_revision(connection: Connection) -> None:
    """Tell all who keep a copy that it is old."""
    connection.execute(update(tables.revision).values(value=tables.revision.c.value + 1))


def read_revision(connection: Connection) -> int:
    """How many changes there were."""
    return int(connection.execute(select(tables.revision.c.value)).scalar_one())


def _key(record: Organisation | Device | Asset | Installation) -> tuple[str | int, ...]:
    return tuple(getattr(record, column.name) for column in _TABLES[type(record)].primary_key)


def _is(table: Table, key: tuple[str | int, ...]) -> ColumnElement[bool]:
    return and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))


def _values(record: object) -> dict[str, Any]:
    values = {column.name: getattr(record, column.name) for column in _TABLES[type(record)].columns}
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
