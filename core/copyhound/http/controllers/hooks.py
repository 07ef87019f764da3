"""Subscriptions, and what was sent to them."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from copyhound.domain.hooks import DeliveryStatus, HookStatus, WantedHooks
from copyhound.domain.workspaces import Caller, Scope
from copyhound.http.bodies import JsonBody
from copyhound.http.idempotency import Made, Once
from copyhound.http.paging import Cursor, Limit
from copyhound.http.wire.automation import (
    AttemptOut,
    DeliveryOut,
    HookIn,
    HookMade,
    HookOut,
    ResentOut,
    RotatedOut,
    SecretOut,
    SpanIn,
    SpanOut,
    hook_made,
    resent,
)
from copyhound.http.wire.common import Items, items, shaped
from copyhound.services import Services
from copyhound.services.hooks import HookChanges, Sending

Target = Annotated[str | None, QueryParameter(max_length=2000, description="Only hooks of exactly this URL.")]
LOCATION = ResponseHeader(
    name="Location",
    description="The hook's own address, absolute: whoever knows no more unsubscribes by DELETE on it.",
    documentation_only=True,
)
FromTrigger = Annotated[
    str | None, QueryParameter(max_length=64, description="Only hooks that are told of this trigger.")
]


class HookController(Controller):
    """A hook subscribes a URL to triggers."""

    path = "/hooks"
    tags = ("hooks",)

    @post("/", dependencies={"sent": JsonBody(HookIn)}, opt={"also": {200: HookMade}}, response_headers=[LOCATION])
    async def create_hook(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        sent: NamedDependency[HookIn],
    ) -> Response[HookMade]:
        """Subscribe to triggers: 201. The same target, triggers and filter again: 200 and the hook that is there."""

        async def make() -> Made:
            hook, secret, created = await services.hooks.create(
                caller, sent.target_url, sent.triggers, sent.filter, sent.description, shaped(Sending, sent), sent.since
            )
            headers = {"Location": f"{services.kit.public_url}/api/v1/hooks/{hook.id}"}
            return Made(hook_made(hook, secret), 201 if created else 200, headers)

        return await once(sent, make)

    @get("/")
    async def list_hooks(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        target_url: Target = None,
        trigger: FromTrigger = None,
        status: FromQuery[HookStatus | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[HookOut]:
        """Hooks, newest first. One that has expired is disabled."""
        wanted = WantedHooks(target_url, trigger, status)
        page = await services.hooks.page(caller, wanted, cursor=cursor, limit=limit)
        return items(page, lambda hook: shaped(HookOut, hook))

    @get("/{hook_id:str}")
    async def get_hook(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], hook_id: FromPath[str]
    ) -> HookOut:
        """One hook, with its state and why it is so."""
        return shaped(HookOut, await services.hooks.get(caller, hook_id))

    @patch("/{hook_id:str}", dependencies={"sent": JsonBody(HookChanges)})
    async def update_hook(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        hook_id: FromPath[str],
        sent: NamedDependency[HookChanges],
    ) -> HookOut:
        """Change where a hook is sent to, what it is told of, and how."""
        return shaped(HookOut, await services.hooks.update(caller, hook_id, sent))

    @delete("/{hook_id:str}")
    async def delete_hook(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], hook_id: FromPath[str]
    ) -> None:
        """Unsubscribe; 204 also where it is gone already."""
        await services.hooks.delete(caller, hook_id)

    @post("/{hook_id:str}/enable", status_code=200)
    async def enable_hook(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], hook_id: FromPath[str]
    ) -> HookOut:
        """Wake a disabled hook: same id, same secret."""
        return shaped(HookOut, await services.hooks.enable(caller, hook_id))

    @post("/{hook_id:str}/disable", status_code=200)
    async def disable_hook(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], hook_id: FromPath[str]
    ) -> HookOut:
        """Pause a hook until it is enabled: same id, same secret. Nothing is sent meanwhile."""
        return shaped(HookOut, await services.hooks.disable(caller, hook_id))

    @post("/{hook_id:str}/test", status_code=200)
    async def test_hook(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], hook_id: FromPath[str]
    ) -> AttemptOut:
        """Send the sample event now, once, and tell how the target answered; 409 if nothing is offered."""
        return shaped(AttemptOut, await services.hooks.test(caller, hook_id))

    # whoever holds it can sign: not for keys that only read
    @get("/{hook_id:str}/secret", opt={"scope": Scope.write})
    async def get_hook_secret(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], hook_id: FromPath[str]
    ) -> Response[SecretOut]:
        """The secret that signs what is sent."""
        return Response(SecretOut(await services.hooks.secret(caller, hook_id)), headers={"Cache-Control": "no-store"})

    @post("/{hook_id:str}/rotate-secret", status_code=200)
    async def rotate_hook_secret(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        hook_id: FromPath[str],
    ) -> Response[RotatedOut]:
        """A new secret; for 24 hours deliveries are signed with the old one, too."""

        async def make() -> Made:
            rotated = RotatedOut(*await services.hooks.rotate_secret(caller, hook_id))
            return Made(rotated, 200, {"Cache-Control": "no-store"})

        return await once(None, make)

    @post("/{hook_id:str}/recover", status_code=202, dependencies={"sent": JsonBody(SpanIn)})
    async def recover_hook(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        hook_id: FromPath[str],
        sent: NamedDependency[SpanIn],
    ) -> Response[SpanOut]:
        """Send again what has failed since a time, now, with all its attempts anew."""
        return await once(sent, lambda: _again(services, caller, hook_id, sent, failed=True))

    @post("/{hook_id:str}/replay", status_code=202, dependencies={"sent": JsonBody(SpanIn)})
    async def replay_hook(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        hook_id: FromPath[str],
        sent: NamedDependency[SpanIn],
    ) -> Response[SpanOut]:
        """Send the events since a time that this hook was never sent, such as those of when it was disabled."""
        return await once(sent, lambda: _again(services, caller, hook_id, sent, failed=False))


async def _again(services: Services, caller: Caller, hook_id: str, sent: SpanIn, *, failed: bool) -> Made:
    span = await services.recovery.start(caller, hook_id, sent.since, sent.until, failed=failed)
    return Made(shaped(SpanOut, span), 202)


class DeliveryController(Controller):
    """A delivery is one event for one hook; it has one attempt or more."""

    path = "/deliveries"
    tags = ("hooks",)

    @get("/")
    async def list_deliveries(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        hook_id: FromQuery[str | None] = None,
        status: FromQuery[DeliveryStatus | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[DeliveryOut]:
        """Deliveries, newest first, each with what came of its last attempt."""
        page = await services.deliveries.page(caller, hook_id=hook_id, status=status, cursor=cursor, limit=limit)
        return items(page, lambda one: shaped(DeliveryOut, one))

    @get("/{delivery_id:str}")
    async def get_delivery(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], delivery_id: FromPath[str]
    ) -> DeliveryOut:
        """One delivery, with what came of its last attempt."""
        return shaped(DeliveryOut, await services.deliveries.get(caller, delivery_id))

    @get("/{delivery_id:str}/attempts")
    async def list_attempts(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], delivery_id: FromPath[str]
    ) -> Items[AttemptOut]:
        """Every HTTP request of a delivery, and how it was answered."""
        return Items([shaped(AttemptOut, one) for one in await services.deliveries.attempts(caller, delivery_id)])

    @post("/{delivery_id:str}/resend", status_code=202)
    async def resend_delivery(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        delivery_id: FromPath[str],
    ) -> Response[ResentOut]:
        """Send it once more, with the same `webhook-id`; once, however often that is asked before it was made."""

        async def make() -> Made:
            return Made(resent(*await services.deliveries.resend(caller, delivery_id)), 202)

        return await once(None, make)
