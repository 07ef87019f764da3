"""How a hook is sent to, how fast, and from where a delivery's attempts count."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import time

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OF_HOOKS = ("payload", "format", "max_per_minute", "next_slot_at")


def upgrade() -> None:
    """Add the columns; hooks of before are sent to as they were."""
    with op.batch_alter_table("hooks") as table:
        table.add_column(sa.Column("payload", sa.String(), nullable=False, server_default="full"))
        table.add_column(sa.Column("format", sa.String(), nullable=False, server_default="flat"))
        table.add_column(sa.Column("max_per_minute", sa.Integer(), nullable=True))
        table.add_column(time("next_slot_at", null=True))
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("base", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("base")
    with op.batch_alter_table("hooks") as table:
        for name in _OF_HOOKS:
            table.drop_column(name)
