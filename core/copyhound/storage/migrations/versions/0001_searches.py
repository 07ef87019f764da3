"""Accounts, lists, images, searches and matches."""

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import json, serial, sorted_text, text, time

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _accounts()
    _lists()
    _searches()
    _matches()
    _match_details()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("match_checks")
    op.drop_table("match_pages")
    op.drop_table("matches")
    op.drop_table("lookups")
    op.drop_table("searches")
    op.drop_table("images")
    op.drop_table("list_domains")
    op.drop_table("lists")
    op.drop_table("plugin_state")
    op.drop_table("executors")
    op.drop_table("idempotency_keys")
    op.drop_table("api_keys")
    op.drop_table("workspaces")


def _accounts() -> None:
    op.create_table(
        "workspaces",
        text("id"),
        text("name"),
        time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
    )
    op.create_table(
        "api_keys",
        text("id"),
        text("workspace_id"),
        text("name"),
        text("secret_hash"),
        json("scopes"),
        time("created_at"),
        time("expires_at", null=True),
        time("revoked_at", null=True),
        time("last_used_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_workspace_id", "api_keys", ["workspace_id"])
    op.create_table(
        "idempotency_keys",
        text("workspace_id"),
        text("key"),
        text("request_hash"),
        time("created_at"),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.create_table(
        "executors",
        text("id"),
        time("beat_at"),
        sa.PrimaryKeyConstraint("id", name="pk_executors"),
    )
    op.create_table(
        "plugin_state",
        text("workspace_id"),
        text("scope"),
        sorted_text("key"),
        json("value", null=True),
        sa.PrimaryKeyConstraint("workspace_id", "scope", "key", name="pk_plugin_state"),
    )


def _lists() -> None:
    op.create_table(
        "lists",
        text("id"),
        text("workspace_id"),
        text("label"),
        text("label_folded"),
        time("created_at"),
        sa.Column("monitored", sa.Boolean(), nullable=False),
        json("schedule", null=True),
        json("providers"),
        sa.Column("min_confidence", sa.Float(), nullable=False),
        time("next_run_at", null=True),
        time("last_run_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_lists"),
    )
    op.create_index("ix_lists_due", "lists", ["monitored", "next_run_at"])
    op.create_index("ix_lists_page", "lists", ["workspace_id", "created_at", "id"])
    op.create_table(
        "list_domains",
        sa.Column("list_id", sa.String(), nullable=False),
        text("domain"),
        text("workspace_id"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_list_domains_list_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("list_id", "domain", name="pk_list_domains"),
    )
    op.create_table(
        "images",
        text("id"),
        text("workspace_id"),
        sa.Column("list_id", sa.String(), nullable=False),
        text("name"),
        time("created_at"),
        text("source_url", null=True),
        text("original_blob", null=True),
        text("reduced_blob", null=True),
        text("sha256", null=True),
        text("format", null=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        text("error_code", null=True),
        text("error_detail", null=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_images_list_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
    )
    op.create_index("ix_images_original_blob", "images", ["original_blob"])
    op.create_index("ix_images_page", "images", ["list_id", "created_at", "id"])
    op.create_index("ix_images_reduced_blob", "images", ["reduced_blob"])


def _searches() -> None:
    op.create_table(
        "searches",
        text("id"),
        text("workspace_id"),
        sa.Column("list_id", sa.String(), nullable=False),
        text("kind"),
        json("providers"),
        sa.Column("verify", sa.Boolean(), nullable=False),
        time("created_at"),
        sa.Column("image_count", sa.Integer(), nullable=False),
        time("completed_at", null=True),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_searches_list_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_searches"),
    )
    op.create_index("ix_searches_list_id", "searches", ["list_id"])
    op.create_index("ix_searches_page", "searches", ["workspace_id", "created_at", "id"])
    op.create_table(
        "lookups",
        text("id"),
        text("workspace_id"),
        sa.Column("search_id", sa.String(), nullable=False),
        sa.Column("image_id", sa.String(), nullable=False),
        text("provider"),
        sa.Column("position", sa.Integer(), nullable=False),
        text("outcome", null=True),
        text("reason", null=True),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("matches", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("units_spent", sa.Float(), nullable=False),
        time("ended_at", null=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_lookups_image_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["search_id"], ["searches.id"], name="fk_lookups_search_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_lookups"),
    )
    op.create_index("ix_lookups_image_id", "lookups", ["image_id"])
    op.create_index("ix_lookups_search", "lookups", ["search_id", "image_id"])


def _matches() -> None:
    op.create_table(
        "matches",
        text("id"),
        text("workspace_id"),
        text("list_id"),
        sa.Column("image_id", sa.String(), nullable=False),
        text("image_url"),
        text("url_key"),
        text("host"),
        text("domain"),
        json("providers"),
        text("verification_state"),
        time("verified_at"),
        text("reason", null=True),
        json("comparison", null=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        text("match_type", null=True),
        text("status"),
        text("decision"),
        time("first_seen"),
        time("last_seen"),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("small", sa.Boolean(), nullable=False),
        text("entry_id", null=True),
        text("reduced_blob", null=True),
        time("next_check_at", null=True),
        time("decided_at", null=True),
        text("note", null=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_matches_image_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_matches"),
        sa.UniqueConstraint("image_id", "url_key", name="uq_matches_image_url"),
    )
    op.create_index("ix_matches_list", "matches", ["list_id", "first_seen", "id"])
    op.create_index("ix_matches_next_check_at", "matches", ["next_check_at"])
    op.create_index("ix_matches_page", "matches", ["workspace_id", "first_seen", "id"])
    op.create_index("ix_matches_reduced_blob", "matches", ["reduced_blob"])


def _match_details() -> None:
    op.create_table(
        "match_pages",
        sa.Column("match_id", sa.String(), nullable=False),
        text("url_key"),
        text("workspace_id"),
        text("url"),
        text("title", null=True),
        time("first_seen"),
        time("last_seen"),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name="fk_match_pages_match_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("match_id", "url_key", name="pk_match_pages"),
    )
    op.create_table(
        "match_checks",
        serial("id"),
        sa.Column("match_id", sa.String(), nullable=False),
        text("workspace_id"),
        time("at"),
        text("result"),
        text("detail", null=True),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name="fk_match_checks_match_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_match_checks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_match_checks_match_id", "match_checks", ["match_id"])
