"""Subscribing to one trigger: an address of its own for each, for platforms that know one operation an address."""

from __future__ import annotations

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import Caller
from copyhound.http.bodies import JsonBody
from copyhound.http.idempotency import Made, Once
from copyhound.http.wire.automation import Description, HookMade, HookOut, TargetUrl
from copyhound.http.wire.common import shaped
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.services import Services
from copyhound.services.hooks import HookFilter


class TriggerHookIn(msgspec.Struct, forbid_unknown_fields=True):
    """A subscription to the trigger of the address."""

    target_url: TargetUrl
    filter: HookFilter = HookFilter()
    description: Description | None = None


class TriggerHookController(Controller):
    """A hook of one trigger."""

    path = "/triggers/{key:str}/hooks"
    tags = ("hooks",)

    @post("/", dependencies={"sent": JsonBody(TriggerHookIn)})
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
                caller, sent.target_url, (key,), sent.filter, sent.description
            )
            headers = {"Location": f"{services.kit.public_url}/api/v1/hooks/{hook.id}"}
            made = HookMade(**msgspec.structs.asdict(shaped(HookOut, hook)), secret=secret)
            return Made(made, 201 if created else 200, headers)

        return await once(sent, make)
