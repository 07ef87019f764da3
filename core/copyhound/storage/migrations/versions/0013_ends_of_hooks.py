"""When a hook expires, and whether its target is told that it is dropped."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import time

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; hooks of before never expire."""
    with op.batch_alter_table("hooks") as table:
        table.add_column(time("expires_at", null=True))
        table.add_column(sa.Column("reverse_unsubscribe", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("hooks") as table:
        table.drop_column("reverse_unsubscribe")
        table.drop_column("expires_at")
