"""Who am I, keys, workspaces, credits and usage."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import ApiKey, Caller
from copyhound.http.auth import ADMIN, OPERATOR
from copyhound.http.bodies import JsonBody
from copyhound.http.idempotency import Made, Once
from copyhound.http.wire.accounts import (
    BundleIn,
    BundleOut,
    KeyChanges,
    KeyIn,
    KeyMade,
    KeyOut,
    MeKey,
    MeOut,
    UsageOut,
    WorkspaceIn,
    WorkspaceMade,
    WorkspaceOut,
    credits_out,
)
from copyhound.http.wire.common import Items, shaped
from copyhound.services import Services

_SHOWN_DAYS = timedelta(days=30)
First = Annotated[date | None, QueryParameter(description="First day, UTC (default: 30 days before the last).")]
Last = Annotated[date | None, QueryParameter(description="Last day, UTC (default: today).")]


@get("/me", tags=["accounts"])
async def get_me(services: NamedDependency[Services], caller: NamedDependency[Caller]) -> MeOut:
    """Whose key this is, what it may do, and what credits are left."""
    workspace, key = await services.keys.describe(caller)
    shown = MeKey(key.id, key.name, list(key.scopes), key.expires_at, key.limits)
    left = credits_out(await services.credits.balance(caller))
    return MeOut(workspace.id, workspace.name, WorkspaceOut(workspace.id, workspace.name), shown, left)


@get("/usage", tags=["accounts"])
async def get_usage(
    services: NamedDependency[Services], caller: NamedDependency[Caller], first: First = None, last: Last = None
) -> UsageOut:
    """Credits by day and surface: one for each picture of each search."""
    until = last or services.kit.now().date()
    # the calendar has a first day
    before = until - min(_SHOWN_DAYS, until - date.min)
    days = await services.credits.usage(caller, first or before, until)
    return UsageOut(credits_out(await services.credits.balance(caller)), days)


class KeyController(Controller):
    """API keys of the workspace; only their hashes are kept."""

    path = "/keys"
    tags = ("accounts",)
    opt = ADMIN

    @post("/", dependencies={"sent": JsonBody(KeyIn)})
    async def create_key(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        sent: NamedDependency[KeyIn],
    ) -> Response[KeyMade]:
        """Make a key; it is shown now and never again."""
        if missing := [scope for scope in sent.scopes if scope not in caller.scopes]:
            raise CopyhoundError("forbidden", f"This key has no scope {missing[0]!s} to give.", scope=missing[0])
        return await once(sent, lambda: _make_key(services, caller.workspace_id, sent))

    @get("/")
    async def list_keys(self, services: NamedDependency[Services], caller: NamedDependency[Caller]) -> Items[KeyOut]:
        """The keys of the workspace, revoked ones too."""
        return Items([_shown(key) for key in await services.keys.all(caller)])

    @get("/{key_id:str}")
    async def get_key(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], key_id: FromPath[str]
    ) -> KeyOut:
        """One key."""
        for key in await services.keys.all(caller):
            if key.id == key_id:
                return _shown(key)
        raise CopyhoundError("not_found", f"There is no key {key_id}.")

    @patch("/{key_id:str}", dependencies={"sent": JsonBody(KeyChanges)})
    async def change_key(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        key_id: FromPath[str],
        sent: NamedDependency[KeyChanges],
    ) -> KeyOut:
        """Hold a key to other limits, from its next request on."""
        return _shown(await services.keys.set_limits(caller, key_id, sent.limits))

    @delete("/{key_id:str}")
    async def revoke_key(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], key_id: FromPath[str]
    ) -> None:
        """Revoke a key, at once and for good."""
        await services.keys.revoke(caller, key_id)


class WorkspaceController(Controller):
    """Workspaces of this server, their first keys and their credits; for its operator."""

    path = "/workspaces"
    tags = ("accounts",)
    opt = OPERATOR

    @post("/", dependencies={"sent": JsonBody(WorkspaceIn)})
    async def create_workspace(
        self,
        services: NamedDependency[Services],
        once: NamedDependency[Once],
        sent: NamedDependency[WorkspaceIn],
    ) -> Response[WorkspaceMade]:
        """Make a workspace with a first key, which is shown now and never again."""

        async def make() -> Made:
            workspace = await services.workspaces.create(sent.name)
            key, plain = await services.keys.create(workspace.id, "first key", tuple(sent.scopes))
            made = WorkspaceMade(workspace.id, workspace.name, _with_text(key, plain))
            return Made(made, 201, {"Cache-Control": "no-store"})

        return await once(sent, make)

    @get("/")
    async def list_workspaces(self, services: NamedDependency[Services]) -> Items[WorkspaceOut]:
        """All workspaces."""
        return Items([shaped(WorkspaceOut, one) for one in await services.workspaces.all()])

    @post("/{workspace_id:str}/keys", dependencies={"sent": JsonBody(KeyIn)})
    async def create_workspace_key(
        self,
        services: NamedDependency[Services],
        once: NamedDependency[Once],
        workspace_id: FromPath[str],
        sent: NamedDependency[KeyIn],
    ) -> Response[KeyMade]:
        """Make a key of a workspace."""
        return await once([workspace_id, sent], lambda: _make_key(services, workspace_id, sent))

    @get("/{workspace_id:str}/credits")
    async def list_bundles(self, services: NamedDependency[Services], workspace_id: FromPath[str]) -> Items[BundleOut]:
        """All credits that a workspace was ever granted."""
        return Items([shaped(BundleOut, one) for one in await services.credits.bundles(workspace_id)])

    @post("/{workspace_id:str}/credits", dependencies={"sent": JsonBody(BundleIn)})
    async def grant_credits(
        self,
        services: NamedDependency[Services],
        once: NamedDependency[Once],
        workspace_id: FromPath[str],
        sent: NamedDependency[BundleIn],
    ) -> Response[BundleOut]:
        """Grant a workspace credits; from its first bundle on it is metered."""

        async def make() -> Made:
            starts_at = sent.starts_at or services.kit.now()
            bundle = await services.credits.grant(
                workspace_id, sent.credits, starts_at=starts_at, expires_at=sent.expires_at, note=sent.note
            )
            return Made(shaped(BundleOut, bundle), 201)

        return await once([workspace_id, sent], make)


async def _make_key(services: Services, workspace_id: str, sent: KeyIn) -> Made:
    scopes = tuple(dict.fromkeys(sent.scopes))
    key, plain = await services.keys.create(
        workspace_id, sent.name, scopes, sent.expires_at, limits=sent.limits, signs=sent.signs
    )
    location = {"Location": f"{services.kit.public_url}/api/v1/keys/{key.id}"}
    return Made(_with_text(key, plain), 201, {**location, "Cache-Control": "no-store"})


def _shown(key: ApiKey) -> KeyOut:
    return KeyOut(
        key.id,
        key.name,
        list(key.scopes),
        key.created_at,
        key.expires_at,
        key.revoked_at,
        key.last_used_at,
        key.limits,
        key.sealed_secret is not None,
    )


def _with_text(key: ApiKey, plain: str) -> KeyMade:
    return KeyMade(**msgspec.structs.asdict(_shown(key)), key=plain)
