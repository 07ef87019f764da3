"""Whether a notification tells new domains only, or every new copy."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLE = "domain_notifications"


def upgrade() -> None:
    """Add the column; notifications of before tell new domains only."""
    # not in a batch: SQLite would count the numbers of the table anew
    op.add_column(_TABLE, sa.Column("new_domains_only", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column(_TABLE, "new_domains_only")
