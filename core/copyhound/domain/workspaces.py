"""Who owns data, and how a client proves it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec


class Scope(StrEnum):
    """What a key may do."""

    read = "read"
    write = "write"
    admin = "admin"
    """Looks after its workspace: its keys."""
    operator = "operator"
    """Operates the server: workspaces and their credits, ingests that read the server's folders, use by all."""


ALL_SCOPES = (Scope.read, Scope.write, Scope.admin, Scope.operator)


class KeyLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a key is held to. None: as the surface has it; 0: no limit."""

    concurrent: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None
    """Requests at once."""
    requests: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] | None = None
    """Requests in a window of `seconds`."""
    seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] | None = None


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
    limits: KeyLimits = KeyLimits()
    sealed_secret: bytes | None = None
    """The whole key, encrypted: only for keys whose holders sign their requests with it."""


class Caller(msgspec.Struct, frozen=True):
    """Who is asking: what every use case takes first."""

    workspace_id: str
    key_id: str
    scopes: tuple[Scope, ...]
    limits: KeyLimits = KeyLimits()
