"""Alembic runs this file to migrate: on the connection, and inside the transaction, that it is given."""

from __future__ import annotations

from alembic import context

from sinks.registry.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # on SQLite too: our transaction is begun by hand, so its DDL rolls back
    render_as_batch=True,
)
context.run_migrations()
