"""Tables of found copies and their history."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, Json, parent, serial, table_of


class MatchRow(Base, table=True):
    """`confidence`, `score` and `match_type` stand outside of `comparison` to be filtered and sorted by."""

    __tablename__: ClassVar[str] = "matches"
    __table_args__ = (
        sa.UniqueConstraint("image_id", "url_key", name="uq_matches_image_url"),
        sa.Index("ix_matches_page", "workspace_id", "first_seen", "id"),
        sa.Index("ix_matches_list", "list_id", "first_seen", "id"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    list_id: str
    image_id: str = Field(sa_column=parent("images.id"))
    image_url: str
    url_key: str
    host: str
    domain: str
    providers: list[str] = Field(sa_type=Json)
    verification_state: str
    verified_at: datetime
    reason: str | None = None
    comparison: dict[str, Any] | None = Field(default=None, sa_type=Json)
    confidence: float | None = None
    score: float | None = None
    match_type: str | None = None
    status: str
    decision: str
    first_seen: datetime
    last_seen: datetime
    width: int | None = None
    height: int | None = None
    small: bool
    entry_id: str | None = None
    reduced_blob: str | None = Field(default=None, index=True)
    next_check_at: datetime | None = Field(default=None, index=True)
    decided_at: datetime | None = None
    note: str | None = None
    format: str | None = None
    bytes: int | None = Field(default=None, sa_type=sa.BigInteger)


class MatchPageRow(Base, table=True):
    """The pages on which a match stands."""

    __tablename__: ClassVar[str] = "match_pages"

    match_id: str = Field(sa_column=parent("matches.id", primary_key=True))
    url_key: str = Field(primary_key=True)
    workspace_id: str
    url: str
    title: str | None = None
    first_seen: datetime
    last_seen: datetime
    host: str = Field(sa_column=sa.Column(sa.String(), nullable=False, server_default=""))
    language: str | None = None
    description: str | None = None
    width_on_page: int | None = None
    height_on_page: int | None = None


class MatchCheckRow(Base, table=True):
    """The history of a match."""

    __tablename__: ClassVar[str] = "match_checks"
    __table_args__: ClassVar[dict[str, bool]] = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=serial())
    match_id: str = Field(sa_column=parent("matches.id", index=True))
    workspace_id: str
    at: datetime
    result: str
    detail: str | None = None


MATCHES = table_of(MatchRow)
MATCH_PAGES = table_of(MatchPageRow)
MATCH_CHECKS = table_of(MatchCheckRow)
