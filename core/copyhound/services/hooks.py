"""Subscriptions: what a target URL is told of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.deliveries import Sender
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hooks import Attempt, Hook, HookFormat, HookPayload, HookStatus
from copyhound.domain.ids import derived_id, new_id
from copyhound.domain.pictures import MatchType
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.triggers import Trigger
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Kit
from copyhound.services.rendering import rendered
from copyhound.services.secrets import open_secrets, rotate, seal_secrets

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
PerMinute = Annotated[int, msgspec.Meta(ge=1, le=60_000)]


class HookFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which events a hook is told of. What is left out lets all through; all that is given must hold."""

    list_ids: tuple[str, ...] = ()
    min_confidence: Percent | None = None
    min_score: Percent | None = None
    match_types: tuple[MatchType, ...] = ()
    domains: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()


class HookChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What may be changed of a hook; what is left out stays."""

    triggers: tuple[str, ...] | UnsetType = UNSET
    filter: HookFilter | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    payload: HookPayload | UnsetType = UNSET
    format: HookFormat | UnsetType = UNSET
    max_per_minute: PerMinute | None | UnsetType = UNSET


class Sending(msgspec.Struct, frozen=True):
    """How a hook is sent to."""

    payload: HookPayload = HookPayload.full
    format: HookFormat = HookFormat.flat
    max_per_minute: int | None = None


AS_IT_COMES: Final = Sending()


class HookService:
    """Hooks of a workspace. `new_secret` makes the secret that deliveries are signed with."""

    def __init__(self, kit: Kit, triggers: Mapping[str, Trigger], sender: Sender, new_secret: Any) -> None:
        self._kit, self._triggers, self._sender, self._new_secret = kit, triggers, sender, new_secret

    async def create(
        self,
        caller: Caller,
        target_url: str,
        triggers: tuple[str, ...],
        where: HookFilter,
        description: str | None = None,
        sending: Sending = AS_IT_COMES,
    ) -> tuple[Hook, str, bool]:
        """(the hook, its secret, whether it is new). The same URL, triggers and filter give the hook that is there,
        as it is; one that was disabled is woken.

        The target need not answer yet: there is no handshake.
        """
        self._kit.check_url(target_url)
        names = self._checked(triggers)
        wanted = msgspec.to_builtins(where)
        secret: str = self._new_secret()
        hook = Hook(
            id=new_id("hook"),
            workspace_id=caller.workspace_id,
            target_url=target_url,
            triggers=names,
            filter=wanted,
            secret=seal_secrets(self._kit, [secret]),
            status=HookStatus.active,
            created_at=self._kit.now(),
            description=description,
            **msgspec.structs.asdict(sending),
        )
        async with self._kit.units() as uow:
            await lists_exist(uow, caller, where)
            kept = await uow.hooks.add(hook, dedupe_key(hook))
            if kept.status is not HookStatus.active:
                kept = await _woken(uow, await get_hook(uow, caller, kept.id))
        return kept, open_secrets(self._kit, kept)[0], kept.id == hook.id

    def _checked(self, triggers: tuple[str, ...]) -> tuple[str, ...]:
        for key in triggers:
            if key not in self._triggers:
                known = ", ".join(sorted(self._triggers))
                raise CopyhoundError("invalid_request", f"There is no trigger {key!r}; there are {known}.")
        if not triggers:
            raise CopyhoundError("invalid_request", "A hook needs at least one trigger.")
        return tuple(sorted(set(triggers)))

    async def get(self, caller: Caller, hook_id: str) -> Hook:
        async with self._kit.units.read() as uow:
            return await get_hook(uow, caller, hook_id)

    async def page(
        self, caller: Caller, *, target_url: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> PageOf:
        async with self._kit.units.read() as uow:
            return await uow.hooks.page(caller.workspace_id, target_url=target_url, cursor=cursor, limit=limit)

    async def update(self, caller: Caller, hook_id: str, changes: HookChanges) -> Hook:
        given: dict[str, Any] = {}
        if changes.triggers is not UNSET:
            given["triggers"] = self._checked(changes.triggers)
        if changes.filter is not UNSET:
            given["filter"] = msgspec.to_builtins(changes.filter)
        for name in ("description", "payload", "format", "max_per_minute"):
            if (value := getattr(changes, name)) is not UNSET:
                given[name] = value
        async with self._kit.units() as uow:
            if changes.filter is not UNSET:
                await lists_exist(uow, caller, changes.filter)
            changed = msgspec.structs.replace(await get_hook(uow, caller, hook_id), **given)
            if not await uow.hooks.save(changed, dedupe_key(changed)):
                raise CopyhoundError("conflict", "Another hook has the same target, triggers and filter.")
        return changed

    async def enable(self, caller: Caller, hook_id: str) -> Hook:
        """Wake a disabled hook: same id, same secret."""
        async with self._kit.units() as uow:
            return await _woken(uow, await get_hook(uow, caller, hook_id))

    async def delete(self, caller: Caller, hook_id: str) -> None:
        """Quiet where there is none: unsubscribing twice is no error."""
        async with self._kit.units() as uow:
            await uow.hooks.delete(caller.workspace_id, hook_id)

    async def secret(self, caller: Caller, hook_id: str) -> str:
        return open_secrets(self._kit, await self.get(caller, hook_id))[0]

    async def rotate_secret(self, caller: Caller, hook_id: str) -> tuple[str, datetime]:
        """(a new secret, until when the one before it signs beside it)."""
        new: str = self._new_secret()
        async with self._kit.units() as uow:
            hook = await get_hook(uow, caller, hook_id)
            sealed, until = rotate(self._kit, hook, new)
            await uow.hooks.save(msgspec.structs.replace(hook, secret=sealed))
        return new, until

    async def test(self, caller: Caller, hook_id: str) -> Attempt:
        """Send the sample of the hook's first trigger now, once; nothing is kept."""
        hook = await self.get(caller, hook_id)
        sample = self._triggers[hook.triggers[0]].sample
        event_id = new_id("test")
        now = self._kit.now()
        body, content_type = rendered(self._kit, hook, {**sample, "id": event_id, "test": True})
        secrets = [secret.encode() for secret in open_secrets(self._kit, hook)]
        result = await self._sender.send(hook.target_url, secrets, event_id, body, now, content_type=content_type)
        return Attempt(event_id, 1, now, result.duration_ms, True, result.status_code, result.error, result.body)


def dedupe_key(hook: Hook) -> str:
    """The same for the same workspace, URL, triggers and filter."""
    where = msgspec.json.encode(hook.filter, order="sorted").decode()
    return derived_id("hookkey", hook.workspace_id, hook.target_url, ",".join(hook.triggers), where)


async def _woken(uow: UnitOfWork, hook: Hook) -> Hook:
    awake = msgspec.structs.replace(hook, status=HookStatus.active, status_reason=None, failing_since=None)
    await uow.hooks.save(awake)
    return awake


async def lists_exist(uow: UnitOfWork, caller: Caller, where: HookFilter) -> None:
    """CopyhoundError invalid_request for a filter that names a list that is not there."""
    for list_id in where.list_ids:
        if await uow.lists.get(caller.workspace_id, list_id) is None:
            raise CopyhoundError("invalid_request", f"The filter names a list that is not there: {list_id}.")


async def get_hook(uow: UnitOfWork, caller: Caller, hook_id: str) -> Hook:
    """CopyhoundError not_found."""
    found = await uow.hooks.get(caller.workspace_id, hook_id)
    if found is None:
        raise CopyhoundError("not_found", f"There is no hook {hook_id}.")
    return found
