"""Feeds, pollers that are remembered, and the log by list and by time."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import json, text, time

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the indexes."""
    op.create_table(
        "feeds",
        text("id"),
        text("workspace_id"),
        text("list_id"),
        json("triggers"),
        json("filter"),
        text("token_hash"),
        time("created_at"),
        text("description", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("token_hash", name="uq_feeds_token_hash"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_feeds_list_id", ondelete="CASCADE"),
    )
    op.create_index("ix_feeds_list_id", "feeds", ["list_id"])
    op.create_index("ix_feeds_workspace", "feeds", ["workspace_id", "created_at", "id"])
    op.create_table(
        "consumers",
        text("workspace_id"),
        text("trigger"),
        text("name"),
        sa.Column("acknowledged", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        time("asked_at"),
        sa.PrimaryKeyConstraint("workspace_id", "trigger", "name", name="pk_consumers"),
    )
    op.create_index("ix_events_list", "events", ["workspace_id", "list_id", "sequence"])
    op.create_index("ix_events_time", "events", ["workspace_id", "trigger", "created_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_events_time", "events")
    op.drop_index("ix_events_list", "events")
    op.drop_table("consumers")
    op.drop_table("feeds")
