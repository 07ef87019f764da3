"""Whether a notification is paused, and when what failed is tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLE = "domain_notifications"


def upgrade() -> None:
    """Add the columns; notifications of before are active."""
    # not in a batch: SQLite would count the numbers of the table anew
    op.add_column(_TABLE, sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column(_TABLE, sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column(_TABLE, "retry_at")
    op.drop_column(_TABLE, "active")
