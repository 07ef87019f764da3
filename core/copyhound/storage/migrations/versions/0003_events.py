"""Events, hooks, deliveries and attempts."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import json, serial, text, time

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _events()
    _hooks()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("attempts")
    op.drop_table("deliveries")
    op.drop_table("hooks")
    op.drop_table("events")


def _events() -> None:
    op.create_table(
        "events",
        serial("sequence"),
        text("id"),
        text("workspace_id"),
        text("trigger"),
        json("payload"),
        time("created_at"),
        text("list_id", null=True),
        sa.PrimaryKeyConstraint("sequence", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_trigger", "events", ["workspace_id", "trigger", "sequence"])


def _hooks() -> None:
    op.create_table(
        "hooks",
        text("id"),
        text("workspace_id"),
        text("dedupe_key"),
        text("target_url"),
        json("triggers"),
        json("filter"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        text("status"),
        time("created_at"),
        text("description", null=True),
        text("status_reason", null=True),
        time("failing_since", null=True),
        time("last_success_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_hooks"),
        sa.UniqueConstraint("workspace_id", "dedupe_key", name="uq_hooks_dedupe"),
    )
    op.create_index("ix_hooks_page", "hooks", ["workspace_id", "created_at", "id"])
    op.create_table(
        "deliveries",
        text("id"),
        text("workspace_id"),
        text("hook_id"),
        text("event_id"),
        text("trigger"),
        text("status"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        time("created_at"),
        time("next_attempt_at", null=True),
        time("delivered_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_hook", "deliveries", ["hook_id", "created_at", "id"])
    op.create_index("ix_deliveries_page", "deliveries", ["workspace_id", "created_at", "id"])
    op.create_table(
        "attempts",
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        text("workspace_id"),
        time("at"),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        text("error", null=True),
        text("response_body", null=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_attempts_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="pk_attempts"),
    )
