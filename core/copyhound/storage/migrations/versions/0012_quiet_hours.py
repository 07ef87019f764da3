"""Quiet hours of notifications, and who is telling one."""

from alembic import op

from copyhound.storage.migrations.columns import json, text, time

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLE = "domain_notifications"


def upgrade() -> None:
    """Add the columns."""
    op.add_column(_TABLE, json("quiet_hours", null=True))
    op.add_column(_TABLE, time("slot_at", null=True))
    op.add_column(_TABLE, text("telling", null=True))
    op.add_column(_TABLE, time("busy_until", null=True))


def downgrade() -> None:
    """Drop them."""
    for name in ("busy_until", "telling", "slot_at", "quiet_hours"):
        op.drop_column(_TABLE, name)
