"""Tables of lists, their images, searches and lookups."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, Json, parent, table_of


class ListRow(Base, table=True):
    """A list."""

    __tablename__: ClassVar[str] = "lists"
    __table_args__ = (
        sa.Index("ix_lists_page", "workspace_id", "created_at", "id"),
        sa.Index("ix_lists_due", "monitored", "next_run_at"),
        sa.Index("uq_lists_number", "workspace_id", "number", unique=True),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    label: str
    label_folded: str
    created_at: datetime
    monitored: bool
    schedule: dict[str, Any] | None = Field(default=None, sa_type=Json)
    providers: list[str] = Field(sa_type=Json)
    min_confidence: float
    next_run_at: datetime | None = None
    last_run_at: datetime | None = None
    number: int = Field(sa_column=sa.Column(sa.BigInteger(), nullable=False, server_default="0"))


class ListDomainRow(Base, table=True):
    """Domains on which a list's copies were found."""

    __tablename__: ClassVar[str] = "list_domains"

    list_id: str = Field(sa_column=parent("lists.id", primary_key=True))
    domain: str = Field(primary_key=True)
    workspace_id: str


class ImageRow(Base, table=True):
    """An image."""

    __tablename__: ClassVar[str] = "images"
    __table_args__ = (
        sa.Index("ix_images_page", "list_id", "created_at", "id"),
        sa.Index("uq_images_number", "workspace_id", "number", unique=True),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    list_id: str = Field(sa_column=parent("lists.id"))
    name: str
    created_at: datetime
    source_url: str | None = None
    original_blob: str | None = Field(default=None, index=True)
    reduced_blob: str | None = Field(default=None, index=True)
    sha256: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = Field(default=None, sa_type=sa.BigInteger)
    error_code: str | None = None
    error_detail: str | None = None
    fingerprint: Any = Field(default=None, sa_column=sa.Column(sa.LargeBinary, nullable=True))
    number: int = Field(sa_column=sa.Column(sa.BigInteger(), nullable=False, server_default="0"))


class SearchRow(Base, table=True):
    """A search."""

    __tablename__: ClassVar[str] = "searches"
    __table_args__ = (sa.Index("ix_searches_page", "workspace_id", "created_at", "id"),)

    id: str = Field(primary_key=True)
    workspace_id: str
    list_id: str = Field(sa_column=parent("lists.id", index=True))
    kind: str
    providers: list[str] = Field(sa_type=Json)
    verify: bool
    created_at: datetime
    image_count: int
    completed_at: datetime | None = None


class LookupRow(Base, table=True):
    """A lookup."""

    __tablename__: ClassVar[str] = "lookups"
    __table_args__ = (sa.Index("ix_lookups_search", "search_id", "image_id"),)

    id: str = Field(primary_key=True)
    workspace_id: str
    search_id: str = Field(sa_column=parent("searches.id"))
    image_id: str = Field(sa_column=parent("images.id", index=True))
    provider: str
    position: int
    outcome: str | None = None
    reason: str | None = None
    candidates: int
    matches: int
    rejected: int
    units_spent: float
    ended_at: datetime | None = None


LISTS = table_of(ListRow)
LIST_DOMAINS = table_of(ListDomainRow)
IMAGES = table_of(ImageRow)
SEARCHES = table_of(SearchRow)
LOOKUPS = table_of(LookupRow)
