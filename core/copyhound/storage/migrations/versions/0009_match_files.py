"""What a match's file is: format and bytes."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; matches of before get them when they are seen again."""
    with op.batch_alter_table("matches") as table:
        table.add_column(text("format", null=True))
        table.add_column(sa.Column("bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("matches") as table:
        table.drop_column("bytes")
        table.drop_column("format")
