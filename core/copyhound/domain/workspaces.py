"""Who owns data, and how a client proves it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Scope(StrEnum):
    """What a key may do."""

    read = "read"
    write = "write"
    admin = "admin"
    """Operates the server: plugins, ingests that read the server's folders, keys."""


ALL_SCOPES = (Scope.read, Scope.write, Scope.admin)


class Workspace(msgspec.Struct, frozen=True):
    """Who owns data; nothing crosses it."""

    id: str
    name: str
    created_at: datetime


class ApiKey(msgspec.Struct, frozen=True):
    """A key as it is kept: the secret part only as a hash."""

    id: str
    workspace_id: str
    name: str
    secret_hash: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class Caller(msgspec.Struct, frozen=True):
    """Who is asking: what every use case takes first."""

    workspace_id: str
    key_id: str
    scopes: tuple[Scope, ...]
