"""Notifications of new domains."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import json, serial, text, time

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "domain_notifications",
        serial("number"),
        text("id"),
        text("workspace_id"),
        json("list_ids"),
        json("filter", null=True),
        json("schedule"),
        text("notifier"),
        json("target"),
        sa.Column("sealed_target", sa.LargeBinary(), nullable=False),
        text("format"),
        time("created_at"),
        time("next_at"),
        sa.Column("after", sa.BigInteger(), nullable=False),
        time("last_slot_at", null=True),
        time("last_sent_at", null=True),
        text("last_error", null=True),
        sa.PrimaryKeyConstraint("number", name="pk_domain_notifications"),
        sa.UniqueConstraint("id", name="uq_domain_notifications_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_domain_notifications_page", "domain_notifications", ["workspace_id", "created_at", "id"])
    op.create_index("ix_domain_notifications_due", "domain_notifications", ["next_at"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("domain_notifications")
