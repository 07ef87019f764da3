"""What automations can wait for, and do."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.triggers import Action, Trigger
from copyhound.domain.workspaces import Caller
from copyhound.http.auth import READS, require
from copyhound.http.bodies import decode, require_json
from copyhound.http.controllers.polling import provide_event_filter
from copyhound.http.idempotency import Made, Once
from copyhound.http.paging import Cursor, Limit
from copyhound.http.wire.common import Items, items
from copyhound.http.wire.descriptors import Descriptor, descriptor
from copyhound.http.wire.dialects import Dialect
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.services import Services
from copyhound.services.choices import Choice, Wanted
from copyhound.services.hooks import HookFilter

SAMPLE_HEADER = "X-Copyhound-Sample"
Sought = Annotated[str | None, QueryParameter(max_length=200, description="Only what contains this.")]
PageNumber = Annotated[
    int,
    QueryParameter(
        ge=0,
        le=100,
        schema_extra={"minimum": 0},
        description="How many pages to skip, for platforms that count pages.",
    ),
]
InDialect = Annotated[Dialect, QueryParameter(description="Of the JSON Schemas: draft-07 for who knows no newer.")]
Few = Annotated[int, QueryParameter(ge=1, le=50, description="How many at most.")]


class TriggerController(Controller):
    """A trigger is a kind of event that an automation can wait for."""

    path = "/triggers"
    tags = ("automation",)

    @get("/")
    async def list_triggers(
        self, catalogue: NamedDependency[Catalogue], dialect: InDialect = "2020-12"
    ) -> Items[Descriptor]:
        """The descriptors of all triggers."""
        return Items([descriptor(trigger, dialect) for trigger in catalogue.triggers.values()])

    @get("/{key:str}")
    async def get_trigger(
        self, catalogue: NamedDependency[Catalogue], key: FromPath[str], dialect: InDialect = "2020-12"
    ) -> Descriptor:
        """The descriptor of one trigger."""
        return descriptor(_trigger(catalogue, key), dialect)

    @get("/{key:str}/samples", dependencies={"where": Provide(provide_event_filter, sync_to_thread=False)})
    async def get_samples(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        catalogue: NamedDependency[Catalogue],
        where: NamedDependency[HookFilter],
        key: FromPath[str],
        limit: Few = 3,
    ) -> Response[list[dict[str, Any]]]:
        """The newest events that pass the filter; while there is none, a made-up one (`X-Copyhound-Sample: static`)."""
        trigger = _trigger(catalogue, key)
        if real := await services.polling.newest(caller, key, limit, where):
            return Response(real, headers={SAMPLE_HEADER: "real"})
        return Response([trigger.sample], headers={SAMPLE_HEADER: "static"})


class ActionController(Controller):
    """An action is something that an automation can do."""

    path = "/actions"
    tags = ("automation",)

    @get("/")
    async def list_actions(
        self, catalogue: NamedDependency[Catalogue], dialect: InDialect = "2020-12"
    ) -> Items[Descriptor]:
        """The descriptors of all actions."""
        return Items([descriptor(action, dialect) for action in catalogue.actions.values()])

    @get("/{key:str}")
    async def get_action(
        self, catalogue: NamedDependency[Catalogue], key: FromPath[str], dialect: InDialect = "2020-12"
    ) -> Descriptor:
        """The descriptor of one action."""
        return descriptor(_action(catalogue, key), dialect)

    # what it needs, the action says
    @post("/{key:str}", opt={**READS, "any_object": True}, status_code=200)
    async def run_action(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        catalogue: NamedDependency[Catalogue],
        once: NamedDependency[Once],
        key: FromPath[str],
    ) -> Response[dict[str, Any]]:
        """Run an action: the body is what its `input_schema` describes, the answer what its `output_schema` does."""
        action = _action(catalogue, key)
        require(caller, action.scope)
        require_json(request)
        sent = decode(await request.body(), action.input)

        async def make() -> Made:
            return Made(await action.run(caller, sent), 200)

        # a step that looks again, in one run of a flow, has the same key: what it is told must be what is so now
        return await (once.never(make) if action.kind == "find" else once(msgspec.to_builtins(sent), make))


class ChoiceController(Controller):
    """What the fields that `dynamic_fields` names may be set to."""

    path = "/choices"
    tags = ("automation",)

    @get("/{kind:str}")
    async def list_choices(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        kind: FromPath[str],
        q: Sought = None,
        list_id: FromQuery[str | None] = None,
        cursor: Cursor = None,
        page: PageNumber = 0,
        limit: Limit = 50,
    ) -> Items[Choice]:
        """A page of a drop-down: lists, images of `list_id`, searches, matches, providers, triggers or collections."""
        wanted = Wanted(q, cursor, limit, list_id)
        return items(await services.choices.page(caller, kind, wanted, number=page), lambda choice: choice)


def _trigger(catalogue: Catalogue, key: str) -> Trigger:
    if key not in catalogue.triggers:
        raise CopyhoundError("not_found", f"There is no trigger {key!r}.")
    return catalogue.triggers[key]


def _action(catalogue: Catalogue, key: str) -> Action:
    if key not in catalogue.actions:
        raise CopyhoundError("not_found", f"There is no action {key!r}.")
    return catalogue.actions[key]
