"""What a page says of itself and how large it shows a picture; the host of a match's page."""

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

from copyhound.storage.migrations.columns import text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AT_ONCE = 1000
_PAGES = sa.table("match_pages", sa.column("match_id"), sa.column("url_key"), sa.column("url"), sa.column("host"))
_FACTS = ("language", "description", "width_on_page", "height_on_page")


def upgrade() -> None:
    """Add the columns, and write the hosts of the pages that are there."""
    for name in ("match_pages", "entry_pages"):
        with op.batch_alter_table(name) as table:
            table.add_column(text("language", null=True))
            table.add_column(text("description", null=True))
            table.add_column(sa.Column("width_on_page", sa.Integer(), nullable=True))
            table.add_column(sa.Column("height_on_page", sa.Integer(), nullable=True))
            if name == "match_pages":
                table.add_column(sa.Column("host", sa.String(), nullable=False, server_default=""))
    _write_hosts()


def downgrade() -> None:
    """Drop the columns."""
    for name in ("match_pages", "entry_pages"):
        with op.batch_alter_table(name) as table:
            for column in (*_FACTS, "host") if name == "match_pages" else _FACTS:
                table.drop_column(column)


def _write_hosts() -> None:
    connection = op.get_bind()
    key = sa.tuple_(_PAGES.c.match_id, _PAGES.c.url_key)
    after = sa.tuple_(sa.bindparam("after_match", type_=sa.String), sa.bindparam("after_url", type_=sa.String))
    read = sa.select(_PAGES.c.match_id, _PAGES.c.url_key, _PAGES.c.url).where(key > after)
    read = read.order_by(_PAGES.c.match_id, _PAGES.c.url_key).limit(_AT_ONCE)
    mine = _PAGES.c.match_id == sa.bindparam("of_match"), _PAGES.c.url_key == sa.bindparam("of_url")
    write = sa.update(_PAGES).where(*mine).values(host=sa.bindparam("new_host"))
    last = ("", "")
    while pages := connection.execute(read, {"after_match": last[0], "after_url": last[1]}).all():
        last = pages[-1].match_id, pages[-1].url_key
        rows = [{"of_match": one.match_id, "of_url": one.url_key, "new_host": _host(one.url)} for one in pages]
        connection.execute(write, rows)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
