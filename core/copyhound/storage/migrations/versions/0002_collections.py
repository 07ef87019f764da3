"""Collections, entries, hash bands and their log."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import json, serial, text, time

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _collections()
    _entries()
    _followers()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("index_changes")
    op.drop_table("hash_bands")
    op.drop_table("entry_pages")
    op.drop_table("entry_fingerprints")
    op.drop_table("entries")
    op.drop_table("ingests")
    op.drop_table("collections")


def _collections() -> None:
    op.create_table(
        "collections",
        serial("number"),
        text("id"),
        text("workspace_id"),
        text("name"),
        time("created_at"),
        sa.PrimaryKeyConstraint("number", name="pk_collections"),
        sa.UniqueConstraint("id", name="uq_collections_id"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_collections_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ingests",
        text("id"),
        text("workspace_id"),
        text("collection_id"),
        text("collection_name"),
        text("source"),
        json("settings"),
        text("status"),
        time("created_at"),
        time("finished_at", null=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        json("refusals"),
        text("note", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_ingests"),
    )
    op.create_index("ix_ingests_page", "ingests", ["workspace_id", "created_at", "id"])


def _entries() -> None:
    op.create_table(
        "entries",
        serial("number"),
        text("id"),
        text("workspace_id"),
        sa.Column("collection_id", sa.String(), nullable=False),
        sa.Column("hash256", sa.LargeBinary(), nullable=False),
        text("image_url"),
        text("url_key"),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        text("format"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        text("sha256"),
        text("reduced_blob", null=True),
        time("first_seen"),
        time("last_seen"),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_entries_collection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_entries"),
        sa.UniqueConstraint("collection_id", "url_key", name="uq_entries_url"),
        sa.UniqueConstraint("id", name="uq_entries_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_entries_page", "entries", ["collection_id", "first_seen", "id"])
    op.create_index("ix_entries_reduced_blob", "entries", ["reduced_blob"])
    op.create_table(
        "entry_fingerprints",
        sa.Column("number", sa.BigInteger(), nullable=False),
        text("workspace_id"),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["entries.number"], name="fk_entry_fingerprints_number", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_entry_fingerprints"),
    )
    op.create_table(
        "entry_pages",
        sa.Column("number", sa.BigInteger(), nullable=False),
        text("url_key"),
        text("workspace_id"),
        text("url"),
        text("title", null=True),
        time("first_seen"),
        time("last_seen"),
        sa.ForeignKeyConstraint(["number"], ["entries.number"], name="fk_entry_pages_number", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", "url_key", name="pk_entry_pages"),
    )


def _followers() -> None:
    op.create_table(
        "hash_bands",
        sa.Column("collection", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("collection", "token", "number", name="pk_hash_bands"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "index_changes",
        serial("seq"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        text("workspace_id"),
        text("collection_id"),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_index_changes"),
        sqlite_autoincrement=True,
    )
