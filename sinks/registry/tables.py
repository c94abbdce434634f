"""The registry's tables, once for SQLite and PostgreSQL. Times are Unix milliseconds.

Columns are named like the fields of `sinks.model`, so a row and its record translate by name alone. A change here
needs a migration; a test compares the two on both engines.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

organisations = Table(
    "organisations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("dev_eui", String(16), primary_key=True),
    Column("organisation", ForeignKey("organisations.id"), nullable=False),
    Column("model", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("params", JSON, nullable=False),
)

assets = Table(
    "assets",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("organisation", ForeignKey("organisations.id"), nullable=False),
    Column("kind", String(16), CheckConstraint("kind in ('bin', 'tree')", name="kind"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("lat", Double, nullable=False),
    Column("lon", Double, nullable=False),
    Column("properties", JSON, nullable=False),
)

installations = Table(
    "installations",
    metadata,
    Column("dev_eui", ForeignKey("devices.dev_eui"), primary_key=True),
    Column("asset_id", ForeignKey("assets.id"), nullable=False, index=True),
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("to_ms", BigInteger),
    Column("mount", JSON, nullable=False),
    CheckConstraint("to_ms is null or to_ms > from_ms", name="order"),
    # The commands keep all installations of a device apart; the engine itself keeps the commonest mistake out.
    Index(
        "ix_installations_open",
        "dev_eui",
        unique=True,
        sqlite_where=text("to_ms is null"),
        postgresql_where=text("to_ms is null"),
    ),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(16), CheckConstraint("role in ('webhook', 'reader', 'admin')", name="role"), nullable=False),
    Column("organisation", ForeignKey("organisations.id")),
    Column("salt", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)
"""One row. Every writer locks it first, so writers stand in line, and raises it with each change."""
