"""Tags of lists and of found copies, and hosts that are left out."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import text, time

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _tags()
    op.create_table(
        "ignored_hosts",
        text("id"),
        text("workspace_id"),
        text("scope"),
        text("list_id", null=True),
        text("host"),
        text("pattern"),
        time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_ignored_hosts"),
        sa.UniqueConstraint("workspace_id", "scope", "host", name="uq_ignored_hosts_host"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_ignored_hosts_list_id", ondelete="CASCADE"),
    )
    op.create_index("ix_ignored_hosts_list_id", "ignored_hosts", ["list_id"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("ignored_hosts")
    op.drop_table("match_tags")
    op.drop_table("tags")


def _tags() -> None:
    op.create_table(
        "tags",
        text("workspace_id"),
        text("scope"),
        text("key"),
        text("list_id", null=True),
        text("label"),
        text("colour"),
        text("state"),
        text("alias_of", null=True),
        time("created_at"),
        sa.PrimaryKeyConstraint("workspace_id", "scope", "key", name="pk_tags"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_tags_list_id", ondelete="CASCADE"),
    )
    op.create_index("ix_tags_list_id", "tags", ["list_id"])
    op.create_table(
        "match_tags",
        text("match_id"),
        text("page_key"),
        text("tag"),
        text("workspace_id"),
        sa.PrimaryKeyConstraint("match_id", "page_key", "tag", name="pk_match_tags"),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name="fk_match_tags_match_id", ondelete="CASCADE"),
    )
