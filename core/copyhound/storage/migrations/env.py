"""Run by Alembic, on the connection that `copyhound.storage.migrations` hands in: one transaction for all."""

from alembic import context

from copyhound.storage.migrations import METADATA, VERSION_TABLE, ours

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    include_object=ours,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
