"""Keys, workspaces, credits."""

from __future__ import annotations

from typing import Annotated

import msgspec

from copyhound.domain.credits import Balance, Credits, UsageDay
from copyhound.domain.workspaces import KeyLimits, Scope
from copyhound.http.wire.common import Instant

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_NO_LIMITS = KeyLimits()


class WorkspaceOut(msgspec.Struct):
    """A workspace."""

    id: str
    name: str


class MeKey(msgspec.Struct):
    """The key that asks."""

    id: str
    name: str
    scopes: list[Scope]
    expires_at: Instant | None
    limits: KeyLimits


class BundleOut(msgspec.Struct):
    """Credits with a beginning and an end."""

    id: str
    granted: int
    remaining: int
    starts_at: Instant
    expires_at: Instant
    note: str | None


class CreditsOut(msgspec.Struct):
    """What may still be searched: one credit for each picture of a search."""

    metered: bool
    """False: nothing is refused for want of credits."""
    remaining: int
    bundles: list[BundleOut]
    """Those that have begun, have not ended and are not empty; the first to end first."""


class MeOut(msgspec.Struct):
    """Who the key belongs to; `id` and `name` are those of the workspace, for connection labels."""

    id: str
    name: str
    workspace: WorkspaceOut
    key: MeKey
    credits: CreditsOut


class UsageOut(msgspec.Struct):
    """What is left, and what each day took."""

    credits: CreditsOut
    days: list[UsageDay]


class KeyIn(msgspec.Struct, forbid_unknown_fields=True):
    """A key to make."""

    name: Name
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1)] = (Scope.read, Scope.write)
    expires_at: Instant | None = None
    limits: KeyLimits = _NO_LIMITS
    signs: bool = False
    """The key is kept, encrypted, so that requests signed with it can be checked (TinEye's `api_sig`)."""


class KeyChanges(msgspec.Struct, forbid_unknown_fields=True):
    """What can be changed of a key."""

    limits: KeyLimits


class KeyOut(msgspec.Struct):
    """A key, without its secret part."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None
    limits: KeyLimits
    signs: bool


class KeyMade(KeyOut):
    """A key as it is answered when it is made: this once with the key itself."""

    key: str
    """The key itself: shown now and never again."""


class WorkspaceIn(msgspec.Struct, forbid_unknown_fields=True):
    """A workspace to make."""

    name: Name
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1)] = (Scope.read, Scope.write, Scope.admin)
    """What its first key may do."""


class WorkspaceMade(msgspec.Struct):
    """A workspace as it is answered when it is made."""

    id: str
    name: str
    key: KeyMade


class BundleIn(msgspec.Struct, forbid_unknown_fields=True):
    """Credits to grant."""

    credits: Credits
    expires_at: Instant
    starts_at: Instant | None = None
    """Now, where it is not said."""
    note: Annotated[str, msgspec.Meta(max_length=200)] | None = None


def credits_out(balance: Balance) -> CreditsOut:
    """A balance as clients see it."""
    bundles = [BundleOut(b.id, b.granted, b.remaining, b.starts_at, b.expires_at, b.note) for b in balance.bundles]
    return CreditsOut(balance.metered, balance.remaining, bundles)
