"""Subscriptions: what a target URL is told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.deliveries import Sender
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hooks import (
    PAUSED,
    Attempt,
    Hook,
    HookFormat,
    HookPayload,
    HookStatus,
    WantedHooks,
    as_of,
    is_active,
)
from copyhound.domain.hosts import plain_origin
from copyhound.domain.ids import derived_id, new_id
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.triggers import Trigger
from copyhound.domain.workspaces import Caller
from copyhound.services.hook_ends import LISTS_GONE, lists_exist, lists_gone
from copyhound.services.hook_filters import Filters
from copyhound.services.hook_filters import HookFilter as HookFilter
from copyhound.services.kit import Kit
from copyhound.services.payloads import Instant
from copyhound.services.rendering import rendered
from copyhound.services.secrets import open_secrets, rotate, seal_secrets
from copyhound.services.unsubscribing import queue_unsubscribe

TargetUrl = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
PerMinute = Annotated[int, msgspec.Meta(ge=1, le=60_000)]
TriggerKeys = Annotated[
    tuple[Annotated[str, msgspec.Meta(max_length=64)], ...], msgspec.Meta(min_length=1, max_length=50)
]
ALL: Final = WantedHooks()


class HookChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What may be changed of a hook; what is left out stays."""

    target_url: TargetUrl | UnsetType = UNSET
    """Where events are posted to from now on, retries too; checked as when a hook is made."""
    triggers: TriggerKeys | UnsetType = UNSET
    """Keys of `GET /triggers`."""
    filter: HookFilter | UnsetType = UNSET
    """Which of their events."""
    description: str | None | UnsetType = UNSET
    """A note of your own."""
    payload: HookPayload | UnsetType = UNSET
    """`thin`: the envelope and the ids alone."""
    format: HookFormat | UnsetType = UNSET
    """`cloudevents`: CloudEvents 1.0 in structured mode, the flat body in `data`."""
    max_per_minute: PerMinute | None | UnsetType = UNSET
    """Requests that the target takes in a minute, sent evenly spread; null: as they come."""
    expires_at: Instant | None | UnsetType = UNSET
    """null: it never expires."""
    reverse_unsubscribe: bool | UnsetType = UNSET
    """Send one DELETE to the target when the hook is deleted here or disabled for its failures."""


class Sending(msgspec.Struct, frozen=True):
    """How a hook is sent to, and how long."""

    payload: HookPayload = HookPayload.full
    format: HookFormat = HookFormat.flat
    max_per_minute: int | None = None
    expires_at: datetime | None = None
    reverse_unsubscribe: bool = False


AS_IT_COMES: Final = Sending()
_KEPT: Final = ("description", "payload", "format", "max_per_minute", "expires_at", "reverse_unsubscribe")


class Replays(Protocol):
    """Sends a hook what was told before it was there (`copyhound.services.recovering`)."""

    async def replay(self, uow: UnitOfWork, hook: Hook, since: datetime | int) -> None:
        """From a time or a sequence on, in the transaction that makes or wakes the hook."""


class HookService:
    """Hooks of a workspace. `new_secret` makes the secret that deliveries are signed with."""

    def __init__(
        self,
        kit: Kit,
        triggers: Mapping[str, Trigger],
        filters: Filters,
        sender: Sender,
        new_secret: Any,
        replays: Replays,
    ) -> None:
        self._kit, self._triggers, self._sender, self._new_secret = kit, triggers, sender, new_secret
        self._filters, self._replays = filters, replays

    async def create(
        self,
        caller: Caller,
        target_url: str,
        triggers: tuple[str, ...],
        where: HookFilter,
        description: str | None = None,
        sending: Sending = AS_IT_COMES,
        since: datetime | int | None = None,
    ) -> tuple[Hook, str, bool]:
        """(the hook, its secret, whether it is new). The same URL, triggers and filter give the hook that is there,
        as it is, but for `expires_at`, which is what was asked for last; one that was disabled is woken.

        The target need not answer yet: there is no handshake. `since`: a time or a sequence from which on it is sent
        what was told before.
        """
        self._kit.check_url(target_url)
        self._to_come(sending.expires_at)
        names = self._checked(triggers)
        where = self._filters.checked(where, names)
        secret: str = self._new_secret()
        hook = Hook(
            id=new_id("hook"),
            workspace_id=caller.workspace_id,
            target_url=target_url,
            triggers=names,
            filter=msgspec.to_builtins(where),
            secret=seal_secrets(self._kit, [secret]),
            status=HookStatus.active,
            created_at=self._kit.now(),
            description=description,
            **msgspec.structs.asdict(sending),
        )
        async with self._kit.units() as uow:
            await _hold_lists(uow, caller, where.list_ids)
            kept = await uow.hooks.add(hook, dedupe_key(hook))
            if kept.id != hook.id:
                kept = await _woken(uow, await get_hook(uow, caller, kept.id), sending.expires_at)
            if since is not None:
                await self._replays.replay(uow, kept, since)
        return kept, open_secrets(self._kit, kept)[0], kept.id == hook.id

    def _to_come(self, expires_at: datetime | None) -> None:
        if expires_at is not None and expires_at <= self._kit.now():
            raise CopyhoundError("invalid_request", "expires_at is in the past.")

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
            return self._shown(await get_hook(uow, caller, hook_id), self._kit.now())

    def _shown(self, hook: Hook, now: datetime) -> Hook:
        """As it is now; one that waits for what no plugin offers says so."""
        seen = as_of(hook, now)
        lost = ", ".join(key for key in hook.triggers if key not in self._triggers)
        if seen.status is not HookStatus.active or not lost:
            return seen
        return msgspec.structs.replace(seen, status_reason=f"Not offered now, as its plugin is not loaded: {lost}.")

    async def page(
        self, caller: Caller, wanted: WantedHooks = ALL, *, cursor: str | None = None, limit: int = 50
    ) -> PageOf:
        """Newest first. `wanted.now` is set here."""
        now = self._kit.now()
        asked = msgspec.structs.replace(wanted, now=now)
        async with self._kit.units.read() as uow:
            page = await uow.hooks.page(caller.workspace_id, asked, cursor=cursor, limit=limit)
        return PageOf([self._shown(hook, now) for hook in page.items], page.cursor)

    async def update(self, caller: Caller, hook_id: str, changes: HookChanges) -> Hook:
        before = await self.get(caller, hook_id)
        given = self._given(before, changes)
        async with self._kit.units() as uow:
            if changes.filter is not UNSET:
                await _hold_lists(uow, caller, given["filter"].get("list_ids", ()))
            hook = await get_hook(uow, caller, hook_id)
            if given.get("target_url", hook.target_url) != hook.target_url:
                given["failing_since"] = None
            if _is_freer(hook.max_per_minute, given.get("max_per_minute", hook.max_per_minute)):
                given["next_slot_at"] = None  # what comes now need not queue up behind what had to go slower
            changed = msgspec.structs.replace(hook, **given)
            if (changed.filter, changed.triggers) != (before.filter, before.triggers):
                self._filters.hold(changed.filter, changed.triggers)  # the other one may have been changed meanwhile
            if not await uow.hooks.save(changed, dedupe_key(changed)):
                raise CopyhoundError("conflict", "Another hook has the same target, triggers and filter.")
        return self._shown(changed, self._kit.now())

    def _given(self, before: Hook, changes: HookChanges) -> dict[str, Any]:
        """The changed fields, checked: that takes its time, and nobody else writes during a transaction."""
        given = {name: value for name in _KEPT if (value := getattr(changes, name)) is not UNSET}
        self._to_come(given.get("expires_at"))
        if changes.triggers is not UNSET:
            given["triggers"] = self._checked(changes.triggers)
        if changes.filter is not UNSET:
            where = self._filters.checked(changes.filter, given.get("triggers", before.triggers))
            given["filter"] = msgspec.to_builtins(where)
        if changes.target_url is not UNSET:
            if changes.target_url != before.target_url:
                self._kit.check_url(changes.target_url)
            given["target_url"] = changes.target_url
        return given

    async def enable(self, caller: Caller, hook_id: str) -> Hook:
        """Wake a disabled hook: same id, same secret. One that has expired expires no more."""
        async with self._kit.units() as uow:
            await uow.hooks.lists_stay(caller.workspace_id)
            hook = await get_hook(uow, caller, hook_id)
            if await lists_gone(uow, hook):
                raise CopyhoundError("conflict", LISTS_GONE)
            until = hook.expires_at if hook.expires_at and hook.expires_at > self._kit.now() else None
            return await _woken(uow, hook, until)

    async def disable(self, caller: Caller, hook_id: str) -> Hook:
        """The opposite. One that is disabled, or has expired, stays as it is; whoever asks needs no `hook_disabled`."""
        now = self._kit.now()
        async with self._kit.units() as uow:
            hook = await get_hook(uow, caller, hook_id)
            if not is_active(hook, now):
                return as_of(hook, now)
            paused = msgspec.structs.replace(hook, status=HookStatus.disabled, status_reason=PAUSED)
            await uow.hooks.save(paused)
        return paused

    async def delete(self, caller: Caller, hook_id: str) -> None:
        """Quiet where there is none: unsubscribing twice is no error."""
        async with self._kit.units() as uow:
            hook = await uow.hooks.get(caller.workspace_id, hook_id)
            if await uow.hooks.delete(caller.workspace_id, hook_id) and hook:
                await queue_unsubscribe(uow, hook)

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
        """Send the sample of the hook's first trigger that is offered now, once; nothing is kept.

        CopyhoundError conflict where none is: their plugins are not loaded.
        """
        hook = await self.get(caller, hook_id)
        key = next((key for key in hook.triggers if key in self._triggers), None)
        if key is None:
            told = f"There is nothing to send: no plugin that is loaded offers {', '.join(hook.triggers)}."
            raise CopyhoundError("conflict", told)
        sample = self._triggers[key].sample
        event_id = new_id("test")
        now = self._kit.now()
        body, content_type = rendered(self._kit, hook, {**sample, "id": event_id, "test": True})
        secrets = [secret.encode() for secret in open_secrets(self._kit, hook)]
        result = await self._sender.send(hook.target_url, secrets, event_id, body, now, content_type=content_type)
        return Attempt(event_id, 1, now, result.duration_ms, True, result.status_code, result.error, result.body)


def _is_freer(before: int | None, now: int | None) -> bool:
    """Whether a rate (None: any) lets more through than the one before it."""
    return before is not None and (now is None or now > before)


def dedupe_key(hook: Hook) -> str:
    """The same for the same workspace, URL (its scheme and host in any case), triggers and filter."""
    where = msgspec.json.encode(hook.filter, order="sorted").decode()
    return derived_id("hookkey", hook.workspace_id, plain_origin(hook.target_url), ",".join(hook.triggers), where)


async def _woken(uow: UnitOfWork, hook: Hook, expires_at: datetime | None) -> Hook:
    awake = msgspec.structs.replace(hook, expires_at=expires_at)
    if hook.status is not HookStatus.active:
        awake = msgspec.structs.replace(awake, status=HookStatus.active, status_reason=None, failing_since=None)
    if awake != hook:
        await uow.hooks.save(awake)
    return awake


async def _hold_lists(uow: UnitOfWork, caller: Caller, list_ids: Iterable[str]) -> None:
    """The lists stay until the unit ends. CopyhoundError invalid_request for one that is not there."""
    await uow.hooks.lists_stay(caller.workspace_id)
    await lists_exist(uow, caller.workspace_id, list_ids, "filter.list_ids")


async def get_hook(uow: UnitOfWork, caller: Caller, hook_id: str) -> Hook:
    """CopyhoundError not_found."""
    found = await uow.hooks.get(caller.workspace_id, hook_id)
    if found is None:
        raise CopyhoundError("not_found", f"There is no hook {hook_id}.")
    return found
