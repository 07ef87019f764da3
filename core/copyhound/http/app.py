"""The application: the native API under /api/v1, the surfaces beside it, one shell around all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Any, Final, cast

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp

from copyhound.domain.lifecycle import NATIVE, OLD_OPERATIONS, ApiVersion, Lifecycle
from copyhound.domain.triggers import Action, Trigger
from copyhound.domain.workspaces import Caller
from copyhound.http import tryout
from copyhound.http.auth import KeyGuard
from copyhound.http.controllers import (
    accounts,
    automation,
    collections,
    feeds,
    hooks,
    ingests,
    lists,
    live,
    matches,
    notifications,
    operations,
    polling,
    searches,
    tags,
    trigger_hooks,
)
from copyhound.http.idempotency import Once
from copyhound.http.lifecycle import Journal, get_lifecycle
from copyhound.http.manual import get_docs, get_docs_page, get_root
from copyhound.http.methods import Openable, tell_methods
from copyhound.http.metrics import Metrics
from copyhound.http.openapi import CONFIG, Document, document, get_openapi
from copyhound.http.paging import provide_filter
from copyhound.http.ports import Plugins
from copyhound.http.problems import Problems
from copyhound.http.query import KnownQuery
from copyhound.http.settings import HttpSettings
from copyhound.http.shell import Shell
from copyhound.plugin_api import SurfaceSpec
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.services import Services
from copyhound.services.kit import ServiceLimits

_log = logging.getLogger(__name__)
API: Final = "/api/v1"
_OWN: Final = ("/api", "/docs", "/schema", "/lifecycle", "/feeds", "/digests", "/healthz", "/readyz", "/metrics")
_API_HANDLERS: Final[list[Any]] = [
    searches.SearchController,
    lists.ListController,
    lists.ListContentController,
    matches.MatchController,
    tags.TagController,
    tags.TaggingController,
    tags.IgnoredHostController,
    collections.CollectionController,
    collections.EntryController,
    collections.compare,
    ingests.IngestController,
    automation.TriggerController,
    polling.PollingController,
    automation.ActionController,
    automation.ChoiceController,
    hooks.HookController,
    trigger_hooks.TriggerHookController,
    hooks.DeliveryController,
    notifications.NotificationController,
    feeds.FeedController,
    live.watch_list,
    live.watch_search,
    accounts.KeyController,
    accounts.WorkspaceController,
    accounts.get_me,
    accounts.get_usage,
    operations.get_index,
    operations.list_plugins,
    operations.list_providers,
]

_CONSTANTS: Final = ("catalogue", "plugins", "metrics", "openapi", "journal", "surface_documents")

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    services: Services,
    *,
    catalogue: Catalogue,
    plugins: Plugins,
    settings: HttpSettings,
    surfaces: Sequence[SurfaceSpec] = (),
    lifespan: Sequence[Lifespan] = (),
    executor: str = "local",
) -> Litestar:
    """The whole ASGI application. `plugins` holds the desks: `{"providers": ..., "notifiers": ..., "sources": ...}`."""
    metrics = Metrics()
    docs = f"{services.kit.public_url}/docs"
    openapi = Document(lambda: describe_api(catalogue.triggers.values(), catalogue.actions.values()))
    made = made_surfaces(surfaces, catalogue)
    mounted = mounts(made, catalogue)
    journal = Journal(lifecycle(surfaces, mounted), metrics, docs=docs, executor=executor)
    app = Litestar(
        [*_handlers(settings), get_openapi],
        guards=[KeyGuard(services), KnownQuery(openapi)],
        dependencies=_dependencies(
            services,
            catalogue=catalogue,
            plugins=plugins,
            metrics=metrics,
            openapi=openapi,
            journal=journal,
            surface_documents=tryout.SurfaceDocuments(made),
        ),
        before_request=tell_methods,
        exception_handlers=Problems(docs).handlers,
        request_max_body_size=settings.max_upload_bytes,
        multipart_form_part_limit=services.kit.limits.images_per_search * 2 + 100,
        lifespan=[*lifespan, journal.lifespan(services)],
        openapi_config=None,
        state=State({"max_body_bytes": settings.max_body_bytes}),
        logging_config=None,
        debug=False,
    )
    app.asgi_handler = Shell(
        app.asgi_handler,
        surfaces=mounted,
        allowed_hosts=settings.allowed_hosts,
        docs=docs,
        metrics=metrics,
        journal=journal,
        openable=Openable(app.routes),
    )
    return app


def describe_api(triggers: Iterable[Trigger], actions: Iterable[Action]) -> dict[str, Any]:
    """The OpenAPI document, without a house behind it."""
    kit = SimpleNamespace(public_url="", limits=ServiceLimits())
    services = cast(Services, SimpleNamespace(kit=kit))
    app = Litestar(
        _handlers(HttpSettings()),
        dependencies=_dependencies(services, **dict.fromkeys(_CONSTANTS)),
        openapi_config=CONFIG,
        logging_config=None,
    )
    return document(app, triggers, actions)


def _handlers(settings: HttpSettings) -> list[Any]:
    root: list[Any] = [operations.get_health, operations.get_readiness, get_root, get_docs, get_docs_page]
    root += [get_lifecycle, feeds.read_feed, notifications.read_digest, live.watch_feed, *tryout.HANDLERS]
    if settings.metrics:
        root.append(operations.get_metrics)
    return [Router(API, route_handlers=_API_HANDLERS), *root]


def _dependencies(services: Services, **constants: Any) -> dict[str, Provide]:
    def constant(value: Any) -> Provide:
        return Provide(lambda: value, sync_to_thread=False)

    def once(request: Request[Any, Any, Any]) -> Once:
        return Once(services, request.user, request)

    return {
        **{name: constant(value) for name, value in {"services": services, **constants}.items()},
        "caller": Provide(_caller, sync_to_thread=False),
        "once": Provide(once, sync_to_thread=False),
        "where": Provide(provide_filter, sync_to_thread=False),
    }


def _caller(request: Request[Any, Any, Any]) -> Caller:
    caller: Caller = request.user
    return caller


def lifecycle(surfaces: Iterable[SurfaceSpec], mounted: Mapping[str, ASGIApp]) -> Lifecycle:
    """The one table: our own versions, and those of the surfaces that are mounted."""
    versions = list(NATIVE)
    for surface in surfaces:
        declared = {one.prefix: one for one in surface.versions}
        for prefix in (f"/{one.strip('/')}" for one in surface.prefixes):
            if prefix in mounted:
                plain = ApiVersion(api=surface.name, version=prefix.strip("/"), prefix=prefix)
                versions.append(declared.get(prefix, plain))
    return Lifecycle(versions, OLD_OPERATIONS)


def made_surfaces(surfaces: Sequence[SurfaceSpec], catalogue: Catalogue) -> list[tuple[SurfaceSpec, ASGIApp]]:
    """The surfaces with their applications. A plugin one of whose applications cannot be made fails alone."""
    owners = [catalogue.owner("surface", surface.name) for surface in surfaces]
    plugins = [owner.name if owner else surface.name for owner, surface in zip(owners, surfaces, strict=True)]
    made: dict[str, ASGIApp] = {}
    broken: set[str] = set()
    for plugin, surface in zip(plugins, surfaces, strict=True):
        try:
            made[surface.name] = surface.make_app()
        except Exception as error:
            _log.exception("the application of the surface %s cannot be made", surface.name)
            broken.add(plugin)
            catalogue.failed_later(plugin, f"the application of its surface {surface.name} cannot be made: {error}")
    left = [surface for plugin, surface in zip(plugins, surfaces, strict=True) if plugin not in broken]
    return [(surface, made[surface.name]) for surface in left]


def mounts(surfaces: Iterable[tuple[SurfaceSpec, ASGIApp]], catalogue: Catalogue) -> dict[str, ASGIApp]:
    """Prefix -> application. A surface that claims a prefix that is not its to claim fails alone."""
    found: dict[str, ASGIApp] = {}
    for surface, app in surfaces:
        paths = [f"/{prefix.strip('/')}" for prefix in surface.prefixes]
        if taken := next((path for path in paths if path in found or _ours(path)), None):
            owner = catalogue.owner("surface", surface.name)
            catalogue.failed_later(owner.name if owner else surface.name, f"its prefix {taken} is taken")
            continue
        found.update(dict.fromkeys(paths, app))
    return found


def _ours(path: str) -> bool:
    return path == "/" or any(path == own or path.startswith(f"{own}/") for own in _OWN)
