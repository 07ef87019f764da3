"""Credits and what is charged, limits of keys, nonces, and numbers for lists and images."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import text, time

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBERED = ("lists", "images")


def upgrade() -> None:
    """Make the tables, and number what is there."""
    _keys()
    _credits()
    _limits()
    _numbers()


def downgrade() -> None:
    """Drop it all."""
    for table in _NUMBERED:
        op.drop_index(f"uq_{table}_number", table)
        with op.batch_alter_table(table) as altered:
            altered.drop_column("number")
    for table in ("counters", "nonces", "places", "windows", "charges", "bundles"):
        op.drop_table(table)
    with op.batch_alter_table("api_keys") as altered:
        altered.drop_column("limits")
        altered.drop_column("sealed_secret")


def _keys() -> None:
    with op.batch_alter_table("api_keys") as table:
        table.add_column(sa.Column("limits", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("sealed_secret", sa.LargeBinary(), nullable=True))


def _credits() -> None:
    op.create_table(
        "bundles",
        text("id"),
        text("workspace_id"),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        time("starts_at"),
        time("expires_at"),
        time("created_at"),
        text("note", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_bundles"),
        sa.CheckConstraint("remaining >= 0 AND remaining <= granted", name="ck_bundles_remaining"),
    )
    op.create_index("ix_bundles_workspace", "bundles", ["workspace_id", "expires_at", "id"])
    op.create_table(
        "charges",
        text("id"),
        text("workspace_id"),
        text("search_id"),
        text("image_id"),
        text("list_id"),
        text("key_id"),
        text("surface"),
        text("state"),
        time("at"),
        text("bundle_id", null=True),
        time("ended_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_charges"),
    )
    op.create_index("ix_charges_search", "charges", ["search_id", "image_id"])
    op.create_index("ix_charges_list", "charges", ["list_id", "state"])
    op.create_index("ix_charges_day", "charges", ["workspace_id", "at"])


def _limits() -> None:
    op.create_table(
        "windows",
        text("subject"),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        time("expires_at"),
        sa.PrimaryKeyConstraint("subject", name="pk_windows"),
    )
    op.create_table(
        "places",
        text("id"),
        text("subject"),
        time("expires_at"),
        sa.PrimaryKeyConstraint("id", name="pk_places"),
    )
    op.create_index("ix_places_subject", "places", ["subject"])
    op.create_table(
        "nonces",
        text("key_id"),
        text("nonce"),
        time("expires_at"),
        sa.PrimaryKeyConstraint("key_id", "nonce", name="pk_nonces"),
    )
    op.create_index("ix_nonces_expires_at", "nonces", ["expires_at"])


def _numbers() -> None:
    op.create_table(
        "counters",
        text("workspace_id"),
        text("name"),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_counters"),
    )
    for table in _NUMBERED:
        op.add_column(table, sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
        counted = f"SELECT id, row_number() OVER (PARTITION BY workspace_id ORDER BY created_at, id) AS n FROM {table}"
        op.execute(f"UPDATE {table} SET number = counted.n FROM ({counted}) AS counted WHERE counted.id = {table}.id")
        op.execute(
            f"INSERT INTO counters (workspace_id, name, value) "
            f"SELECT workspace_id, '{table}', max(number) FROM {table} GROUP BY workspace_id"
        )
        op.create_index(f"uq_{table}_number", table, ["workspace_id", "number"], unique=True)
