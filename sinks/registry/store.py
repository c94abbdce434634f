"""The registry in a SQL database: SQLite beside the program, or PostgreSQL.

Every command is one transaction, and joins `with registry.transaction():` when there is one. Commands check what
they are given and raise `Invalid` with the rule that was broken; nothing has changed then. All raise `Unavailable`
when the database cannot be had, `Refused` when its address, password or schema is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from sqlalchemy import Connection, RowMapping, insert, select, update

from sinks.errors import Invalid
from sinks.model import Asset, Device, Installation, Organisation
from sinks.ports import Place

from . import checks, rows, rules, tables
from .database import Database
from .forms import Fault, KeyForm, Scalar, fill
from .keys import NOBODY, Key, Sealed, key_id, make_token, opens
from .migrations import upgrade
from .snapshot import Snapshot

Record = Organisation | Device | Asset | Installation


def open_registry(url: str) -> SqlRegistry:
    """The registry at this URL, brought to the newest schema."""
    upgrade(url)
    return SqlRegistry(url)


class SqlRegistry:
    """Implements `sinks.ports.Registry`. `url`: `sqlite:///path` or `postgresql://…`; its schema is there already."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    def transaction(self) -> AbstractContextManager[object]:
        """All commands of this thread inside happen together, or not at all when an error leaves the block."""
        return self._database.writing()

    def close(self) -> None:
        self._database.close()

    # What is there

    def revision(self) -> int:
        with self._database.reading() as connection:
            return rows.read_revision(connection)

    def organisations(self) -> list[Organisation]:
        """All organisations, by id."""
        with self._database.reading() as connection:
            return rows.load(connection, Organisation)

    def devices(self) -> list[Device]:
        with self._database.reading() as connection:
            return rows.load(connection, Device)

    def assets(self) -> list[Asset]:
        with self._database.reading() as connection:
            return rows.load(connection, Asset)

    def installations(self) -> list[Installation]:
        with self._database.reading() as connection:
            return rows.load(connection, Installation)

    def iter_places(self) -> Iterator[Place]:
        return self.snapshot().places()

    def snapshot(self) -> Snapshot:
        """Everything but the keys, of one moment."""
        with self._database.reading() as connection:
            return Snapshot(
                rows.read_revision(connection),
                tuple(rows.load(connection, Organisation)),
                tuple(rows.load(connection, Device)),
                tuple(rows.load(connection, Asset)),
                tuple(rows.load(connection, Installation)),
            )

    def write(self, changed: Sequence[Record], created: Sequence[Record], revision: int) -> None:
        """Take records that were checked against the snapshot of this revision, all of them or none.

        Raises `Invalid` when the registry has changed since.
        """
        with self._database.writing() as connection:
            if rows.read_revision(connection) != revision:
                raise Invalid("the registry has changed since the dry run; plan the import again")
            rows.write(connection, changed, created)

    # Organisations

    def add_organisation(self, organisation: Organisation) -> None:
        """A new organisation."""
        checked = checks.organisation(_raw(organisation)).good()
        with self._database.writing() as connection:
            rows.add(connection, checked)

    def change_organisation(self, organisation: Organisation) -> None:
        """Another name for it."""
        checked = checks.organisation(_raw(organisation)).good()
        with self._database.writing() as connection:
            rows.change(connection, checked)

    def remove_organisation(self, organisation_id: str) -> None:
        """Forget it, when nothing belongs to it any more."""
        with self._database.writing() as connection:
            found = rows.need(connection, Organisation, organisation_id)
            owned = (tables.devices, tables.assets, tables.keys)
            for table in owned:
                query = select(table.c.organisation).where(table.c.organisation == organisation_id).limit(1)
                if connection.execute(query).first():
                    raise Invalid(f"the organisation {organisation_id} still has {table.name}; remove them first")
            rows.remove(connection, found)

    # Devices

    def add_device(self, device: Device, known_models: Collection[str] | None = None) -> None:
        """A new device. `known_models`: keys of the decoders there are; None leaves the model unchecked."""
        with self._database.writing() as connection:
            organisations = _organisation_ids(connection)
            rows.add(connection, checks.device(_raw(device), organisations, known_models).good())

    def change_device(self, device: Device, known_models: Collection[str] | None = None) -> None:
        """Other data of the same DevEUI. A device that is or was installed stays with its organisation."""
        with self._database.writing() as connection:
            organisations = _organisation_ids(connection)
            checked = checks.device(_raw(device), organisations, known_models).good()
            before = rows.need(connection, Device, checked.dev_eui)
            used = rows.load(connection, Installation, dev_eui=checked.dev_eui)
            _refuse(checks.moved(before, _raw(device)) if used else ())
            rows.change(connection, checked)

    def remove_device(self, dev_eui: str) -> None:
        """Forget a device that was never installed, or whose installations have been removed."""
        with self._database.writing() as connection:
            found = rows.need(connection, Device, rules.eui(dev_eui))
            if rows.load(connection, Installation, dev_eui=found.dev_eui):
                raise Invalid(f"the device {found.dev_eui} has installations, which tell whose values it sent; keep it")
            rows.remove(connection, found)

    # Assets

    def add_asset(self, asset: Asset) -> None:
        """A new bin or tree."""
        with self._database.writing() as connection:
            rows.add(connection, checks.asset(_raw(asset), _organisation_ids(connection)).good())

    def change_asset(self, asset: Asset) -> None:
        """Other data of the same id. An asset that has or had a device stays of its kind, with its organisation."""
        with self._database.writing() as connection:
            checked = checks.asset(_raw(asset), _organisation_ids(connection)).good()
            before = rows.need(connection, Asset, checked.id)
            used = rows.load(connection, Installation, asset_id=checked.id)
            _refuse(checks.moved(before, _raw(asset)) if used else ())
            rows.change(connection, checked)

    def remove_asset(self, asset_id: str) -> None:
        """Forget an asset that never had a device, or whose installations have been removed."""
        with self._database.writing() as connection:
            found = rows.need(connection, Asset, asset_id)
            if rows.load(connection, Installation, asset_id=asset_id):
                raise Invalid(f"the asset {asset_id} has installations, which tell its history; keep it")
            rows.remove(connection, found)

    # Installations

    def install(self, dev_eui: str, asset_id: str, from_ms: int, mount: Mapping[str, Scalar] | None = None) -> None:
        """Put a device on an asset from this time on."""
        self.add_installation(Installation(dev_eui, asset_id, from_ms, None, mount or {}))

    def uninstall(self, dev_eui: str, at_ms: int) -> None:
        """Take a device off its asset at this time."""
        with self._database.writing() as connection:
            self.change_installation(replace(_open_installation(connection, dev_eui), to_ms=at_ms))

    def swap(self, old_eui: str, new_eui: str, at_ms: int) -> None:
        """Another device takes the place of this one at this time, mounted the same way; the asset stays."""
        with self._database.writing() as connection:
            before = _open_installation(connection, old_eui)
            self.uninstall(old_eui, at_ms)
            self.install(new_eui, before.asset_id, at_ms, before.mount)

    def add_installation(self, installation: Installation) -> None:
        """A device on an asset for a time that may have ended."""
        with self._database.writing() as connection:
            rows.add(connection, _checked_installation(connection, installation))

    def change_installation(self, installation: Installation) -> None:
        """Another asset, end or mount of what began at the same time with the same device."""
        with self._database.writing() as connection:
            rows.change(connection, _checked_installation(connection, installation))

    def remove_installation(self, dev_eui: str, from_ms: int) -> None:
        """Forget an installation that never was, e.g. a slip of the pen."""
        with self._database.writing() as connection:
            rows.remove(connection, rows.need(connection, Installation, rules.eui(dev_eui), from_ms))

    # Keys

    def create_key(self, name: str, role: str, organisation: str | None, at_ms: int) -> str:
        """A new key's token: it is given this once and kept nowhere. No organisation means all of them."""
        values, faults = fill(KeyForm, {"name": name, "role": role, "organisation": organisation})
        _refuse(faults)
        token, sealed = make_token()
        row = {"id": sealed.id, "salt": sealed.salt, "digest": sealed.digest, "created_ms": at_ms}
        with self._database.writing() as connection:
            if organisation is not None:
                rules.known("organisation", organisation, _organisation_ids(connection))
            connection.execute(insert(tables.keys).values(row | values))
            rows.raise_revision(connection)
        return token

    def check_key(self, token: str, role: str) -> Key | None:
        """The key that this token opens, when it has exactly this role and is not revoked; else None."""
        table = tables.keys
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(table.c.id == key_id(token))).mappings().one_or_none()
        sealed = Sealed(row["id"], row["salt"], row["digest"]) if row else NOBODY
        if not opens(token, sealed) or row is None or row["role"] != role or row["revoked_ms"] is not None:
            return None
        return _key(row)

    def issued_keys(self) -> list[Key]:
        """All keys, revoked ones too, oldest first; without their hashes."""
        with self._database.reading() as connection:
            query = select(tables.keys).order_by(tables.keys.c.created_ms, tables.keys.c.id)
            return [_key(row) for row in connection.execute(query).mappings()]

    def revoke_key(self, revoked_id: str, at_ms: int) -> None:
        """From now on the key opens nothing. A second time changes nothing."""
        table = tables.keys
        with self._database.writing() as connection:
            if connection.execute(select(table.c.id).where(table.c.id == revoked_id)).first() is None:
                raise Invalid(f"there is no key {rules.shown(revoked_id)}")
            open_key = (table.c.id == revoked_id) & table.c.revoked_ms.is_(None)
            if connection.execute(update(table).where(open_key).values(revoked_ms=at_ms)).rowcount:
                rows.raise_revision(connection)


def _raw(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__slots__}


def _refuse(faults: tuple[Fault, ...]) -> None:
    if faults:
        raise Invalid("; ".join(fault.text for fault in faults))


def _organisation_ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(tables.organisations.c.id)).scalars())


def _open_installation(connection: Connection, dev_eui: str) -> Installation:
    eui = rules.eui(dev_eui)
    for installation in rows.load(connection, Installation, dev_eui=eui):
        if installation.to_ms is None:
            return installation
    raise Invalid(f"the device {eui} is not installed")


def _checked_installation(connection: Connection, given: Installation) -> Installation:
    eui = rules.eui(given.dev_eui)
    on, of = rows.find(connection, Asset, given.asset_id), rows.find(connection, Device, eui)
    others = [other for other in rows.load(connection, Installation, dev_eui=eui) if other.from_ms != given.from_ms]
    return checks.installation(_raw(given), on, of, others).good()


def _key(row: RowMapping) -> Key:
    return Key(row["id"], row["name"], row["role"], row["organisation"], row["created_ms"], row["revoked_ms"])
