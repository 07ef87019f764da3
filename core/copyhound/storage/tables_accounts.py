"""Tables about who asks, and small states."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, Json, SortedText, table_of


class WorkspaceRow(Base, table=True):
    """A workspace."""

    __tablename__: ClassVar[str] = "workspaces"

    id: str = Field(primary_key=True)
    name: str
    created_at: datetime


class KeyRow(Base, table=True):
    """An API key."""

    __tablename__: ClassVar[str] = "api_keys"

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    name: str
    secret_hash: str
    scopes: list[str] = Field(sa_type=Json)
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    limits: dict[str, Any] = Field(sa_column=sa.Column(Json, nullable=False, server_default="{}"))
    sealed_secret: bytes | None = Field(default=None, sa_type=sa.LargeBinary)


class StateRow(Base, table=True):
    """Small JSON values that plugins keep."""

    __tablename__: ClassVar[str] = "plugin_state"

    workspace_id: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=SortedText)
    value: Any = Field(default=None, sa_column=sa.Column(Json, nullable=True))


class IdempotencyRow(Base, table=True):
    """Answers that were given, by Idempotency-Key. `status` is NULL while one is being made."""

    __tablename__: ClassVar[str] = "idempotency_keys"

    workspace_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str
    created_at: datetime = Field(index=True)
    status: int | None = None
    body: bytes | None = Field(default=None, sa_type=sa.LargeBinary)


class ExecutorRow(Base, table=True):
    """Processes that do durable work, and when each was last heard of."""

    __tablename__: ClassVar[str] = "executors"

    id: str = Field(primary_key=True)
    beat_at: datetime


WORKSPACES = table_of(WorkspaceRow)
API_KEYS = table_of(KeyRow)
STATE = table_of(StateRow)
IDEMPOTENCY = table_of(IdempotencyRow)
EXECUTORS = table_of(ExecutorRow)
