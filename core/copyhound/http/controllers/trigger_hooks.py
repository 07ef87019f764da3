"""Subscribing to one trigger: an address of its own for each, for platforms that know one operation an address."""

from __future__ import annotations

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import Caller
from copyhound.http.bodies import JsonBody
from copyhound.http.controllers.hooks import LOCATION
from copyhound.http.idempotency import Made, Once
from copyhound.http.wire.automation import Description, HookMade, Sequence, hook_made
from copyhound.http.wire.common import Instant, shaped
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.services import Services
from copyhound.services.hooks import HookFilter, Sending, TargetUrl


class TriggerHookIn(msgspec.Struct, forbid_unknown_fields=True):
    """A subscription to the trigger of the address."""

    target_url: TargetUrl
    """Where events are posted to; it need not answer yet."""
    filter: HookFilter = HookFilter()
    """Which events; what is left out lets all through."""
    description: Description | None = None
    """A note of your own."""
    expires_at: Instant | None = None
    """Nothing more is sent from then on, unless it is subscribed again before; null: it never expires."""
    since: Instant | Sequence | None = None
    """Also send what was told since this time or after this `sequence`, of the last 30 days."""
    reverse_unsubscribe: bool = False
    """Send one DELETE to the target when the hook is deleted here or disabled for its failures, as Zapier takes it."""


class TriggerHookController(Controller):
    """A hook of one trigger."""

    path = "/triggers/{key:str}/hooks"
    tags = ("hooks",)

    @post(
        "/", dependencies={"sent": JsonBody(TriggerHookIn)}, opt={"also": {200: HookMade}}, response_headers=[LOCATION]
    )
    async def create_trigger_hook(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        catalogue: NamedDependency[Catalogue],
        once: NamedDependency[Once],
        key: FromPath[str],
        sent: NamedDependency[TriggerHookIn],
    ) -> Response[HookMade]:
        """Subscribe to this trigger alone, as `POST /hooks` does with its defaults."""
        if key not in catalogue.triggers:
            raise CopyhoundError("not_found", f"There is no trigger {key!r}.")

        async def make() -> Made:
            hook, secret, created = await services.hooks.create(
                caller, sent.target_url, (key,), sent.filter, sent.description, shaped(Sending, sent), sent.since
            )
            headers = {"Location": f"{services.kit.public_url}/api/v1/hooks/{hook.id}"}
            return Made(hook_made(hook, secret), 201 if created else 200, headers)

        return await once(sent, make)
