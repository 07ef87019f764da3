"""The table of notifications. Durable work has one of that name, so ours has a longer one."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, Json, serial, table_of


class NotificationRow(Base, table=True):
    """A notification."""

    __tablename__: ClassVar[str] = "domain_notifications"
    __table_args__ = (
        sa.Index("ix_domain_notifications_page", "workspace_id", "created_at", "id"),
        sa.Index("ix_domain_notifications_due", "next_at"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, sa_column=serial())
    id: str = Field(unique=True)
    workspace_id: str
    list_ids: list[str] = Field(sa_type=Json)
    filter: Any = Field(default=None, sa_column=sa.Column(Json, nullable=True))
    schedule: dict[str, Any] = Field(sa_type=Json)
    notifier: str
    target: dict[str, Any] = Field(sa_type=Json)
    sealed_target: bytes = Field(sa_type=sa.LargeBinary)
    format: str
    created_at: datetime
    next_at: datetime
    after: int = Field(sa_type=sa.BigInteger)
    last_slot_at: datetime | None = None
    last_sent_at: datetime | None = None
    last_error: str | None = None
    quiet_hours: dict[str, Any] | None = Field(default=None, sa_column=sa.Column(Json, nullable=True))
    slot_at: datetime | None = None
    telling: str | None = None
    busy_until: datetime | None = None
    new_domains_only: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    active: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    retry_at: datetime | None = None


NOTIFICATIONS = table_of(NotificationRow)
