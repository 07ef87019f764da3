"""Hooks whose lists were all deleted before that disabled a hook are disabled, with the reason that it gives now."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import json, text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_REASON = "All lists of its filter are deleted: change the filter, then enable it."
_HOOKS = sa.table("hooks", text("id"), text("workspace_id"), text("status"), text("status_reason"), json("filter"))
_LISTS = sa.table("lists", text("id"), text("workspace_id"))


def upgrade() -> None:
    """Change the rows; no table is changed."""
    connection = op.get_bind()
    ended = {"status": "disabled", "status_reason": _REASON}
    for hook_id in list(_orphans(connection)):
        connection.execute(sa.update(_HOOKS).where(_HOOKS.c.id == hook_id).values(ended))


def _orphans(connection: sa.Connection) -> Iterator[str]:
    there = {tuple(row) for row in connection.execute(sa.select(_LISTS.c.workspace_id, _LISTS.c.id))}
    active = sa.select(_HOOKS.c.id, _HOOKS.c.workspace_id, _HOOKS.c.filter).where(_HOOKS.c.status == "active")
    for hook_id, workspace_id, where in connection.execute(active):
        wanted = (where or {}).get("list_ids", ())
        if wanted and not any((workspace_id, list_id) in there for list_id in wanted):
            yield hook_id


def downgrade() -> None:
    """They stay disabled: a hook of no list is told nothing either way."""
