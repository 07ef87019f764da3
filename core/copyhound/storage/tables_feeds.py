"""Tables of those who read the log."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, Json, parent, table_of


class FeedRow(Base, table=True):
    """A feed."""

    __tablename__: ClassVar[str] = "feeds"
    __table_args__ = (sa.Index("ix_feeds_workspace", "workspace_id", "created_at", "id"),)

    id: str = Field(primary_key=True)
    workspace_id: str
    list_id: str = Field(sa_column=parent("lists.id", index=True))
    triggers: list[str] = Field(sa_type=Json)
    filter: dict[str, Any] = Field(sa_type=Json)
    token_hash: str = Field(unique=True)
    created_at: datetime
    description: str | None = None


class ConsumerRow(Base, table=True):
    """A poller."""

    __tablename__: ClassVar[str] = "consumers"

    workspace_id: str = Field(primary_key=True)
    trigger: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    acknowledged: int = Field(sa_type=sa.BigInteger)
    given: int = Field(sa_type=sa.BigInteger)
    asked_at: datetime


FEEDS = table_of(FeedRow)
CONSUMERS = table_of(ConsumerRow)
