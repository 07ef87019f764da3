"""Tags, and hosts that are left out."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, parent, table_of


def _list_or_all() -> sa.Column[Any]:
    """NULL: all lists of the workspace."""
    return sa.Column(sa.String(), sa.ForeignKey("lists.id", ondelete="CASCADE"), nullable=True, index=True)


class TagRow(Base, table=True):
    """A tag. `scope` is list_id, or empty: NULLs are never equal in a key."""

    __tablename__: ClassVar[str] = "tags"

    workspace_id: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    list_id: str | None = Field(default=None, sa_column=_list_or_all())
    label: str
    colour: str
    state: str
    alias_of: str | None = None
    created_at: datetime


class MatchTagRow(Base, table=True):
    """A tag on a match: on one of its pages, or, with an empty page_key, on all of it."""

    __tablename__: ClassVar[str] = "match_tags"

    match_id: str = Field(sa_column=parent("matches.id", primary_key=True))
    page_key: str = Field(primary_key=True)
    tag: str = Field(primary_key=True)
    workspace_id: str


class IgnoredHostRow(Base, table=True):
    """A host that is left out. `pattern` is it as a LIKE pattern."""

    __tablename__: ClassVar[str] = "ignored_hosts"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "scope", "host", name="uq_ignored_hosts_host"),)

    id: str = Field(primary_key=True)
    workspace_id: str
    scope: str
    list_id: str | None = Field(default=None, sa_column=_list_or_all())
    host: str
    pattern: str
    created_at: datetime


TAGS = table_of(TagRow)
MATCH_TAGS = table_of(MatchTagRow)
IGNORED_HOSTS = table_of(IgnoredHostRow)
