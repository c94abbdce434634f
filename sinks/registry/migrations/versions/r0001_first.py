"""Organisations, devices, assets, installations, keys, and the revision that rises with every change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """All tables, and the one row of the counter."""
    _owners()
    _things()
    _installations()
    _keys()
    counter = op.create_table(
        "revision",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_revision_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    op.bulk_insert(counter, [{"id": 1, "value": 0}])


def _owners() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
    )


def _things() -> None:
    op.create_table(
        "devices",
        sa.Column("dev_eui", sa.String(16), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("params", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("dev_eui", name=op.f("pk_devices")),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_devices_organisation")),
    )
    op.create_table(
        "assets",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("properties", sa.JSON, nullable=False),
        sa.CheckConstraint("kind in ('bin', 'tree')", name=op.f("ck_assets_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_assets_organisation")),
    )


def _installations() -> None:
    op.create_table(
        "installations",
        sa.Column("dev_eui", sa.String(16), nullable=False),
        sa.Column("asset_id", sa.String(64), nullable=False),
        sa.Column("from_ms", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("to_ms", sa.BigInteger),
        sa.Column("mount", sa.JSON, nullable=False),
        sa.CheckConstraint("to_ms is null or to_ms > from_ms", name=op.f("ck_installations_order")),
        sa.PrimaryKeyConstraint("dev_eui", "from_ms", name=op.f("pk_installations")),
        sa.ForeignKeyConstraint(["dev_eui"], ["devices.dev_eui"], name=op.f("fk_installations_dev_eui")),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_installations_asset_id")),
    )
    op.create_index(op.f("ix_installations_asset_id"), "installations", ["asset_id"])
    still_there = sa.text("to_ms is null")
    op.create_index(
        "ix_installations_open",
        "installations",
        ["dev_eui"],
        unique=True,
        sqlite_where=still_there,
        postgresql_where=still_there,
    )


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("organisation", sa.String(64)),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.CheckConstraint("role in ('webhook', 'reader', 'admin')", name=op.f("ck_keys_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name=op.f("fk_keys_organisation")),
    )
