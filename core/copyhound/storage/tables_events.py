"""Tables of events, subscriptions, and what was sent."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, Json, parent, serial, table_of


class EventRow(Base, table=True):
    """An event."""

    __tablename__: ClassVar[str] = "events"
    __table_args__ = (
        sa.Index("ix_events_trigger", "workspace_id", "trigger", "sequence"),
        sa.Index("ix_events_list", "workspace_id", "list_id", "sequence"),
        sa.Index("ix_events_time", "workspace_id", "trigger", "created_at"),
        {"sqlite_autoincrement": True},
    )

    sequence: int | None = Field(default=None, sa_column=serial())
    id: str = Field(unique=True)
    workspace_id: str
    trigger: str
    payload: dict[str, Any] = Field(sa_type=Json)
    created_at: datetime
    list_id: str | None = None


class HookRow(Base, table=True):
    """A hook."""

    __tablename__: ClassVar[str] = "hooks"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "dedupe_key", name="uq_hooks_dedupe"),
        sa.Index("ix_hooks_page", "workspace_id", "created_at", "id"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    dedupe_key: str
    target_url: str
    triggers: list[str] = Field(sa_type=Json)
    filter: dict[str, Any] = Field(sa_type=Json)
    secret: bytes = Field(sa_type=sa.LargeBinary)
    status: str
    created_at: datetime
    description: str | None = None
    status_reason: str | None = None
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    payload: str = Field(sa_column=sa.Column(sa.String(), nullable=False, server_default="full"))
    format: str = Field(sa_column=sa.Column(sa.String(), nullable=False, server_default="flat"))
    max_per_minute: int | None = None
    next_slot_at: datetime | None = None
    expires_at: datetime | None = None
    reverse_unsubscribe: bool = Field(sa_column=sa.Column(sa.Boolean(), nullable=False, server_default=sa.false()))


class DeliveryRow(Base, table=True):
    """Stays when its hook goes: it is the record of what was sent."""

    __tablename__: ClassVar[str] = "deliveries"
    __table_args__ = (
        sa.Index("ix_deliveries_page", "workspace_id", "created_at", "id"),
        sa.Index("ix_deliveries_hook", "hook_id", "created_at", "id"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    hook_id: str
    event_id: str
    trigger: str
    status: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    base: int = Field(sa_column=sa.Column(sa.Integer(), nullable=False, server_default="0"))


class AttemptRow(Base, table=True):
    """An attempt."""

    __tablename__: ClassVar[str] = "attempts"

    delivery_id: str = Field(sa_column=parent("deliveries.id", primary_key=True))
    number: int = Field(primary_key=True)
    workspace_id: str
    at: datetime
    duration_ms: int
    manual: bool
    status_code: int | None = None
    error: str | None = None
    response_body: str | None = None


EVENTS = table_of(EventRow)
HOOKS = table_of(HookRow)
DELIVERIES = table_of(DeliveryRow)
ATTEMPTS = table_of(AttemptRow)
