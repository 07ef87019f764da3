"""Who am I, keys, plugins, and the state of the server."""

from __future__ import annotations

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import ApiKey, Caller
from copyhound.http.auth import ADMIN, PUBLIC
from copyhound.http.bodies import JsonBody
from copyhound.http.idempotency import Made, Once
from copyhound.http.metrics import Metrics
from copyhound.http.ports import Plugins
from copyhound.http.wire.common import Items, shaped
from copyhound.http.wire.operations import (
    HealthOut,
    IndexOut,
    KeyIn,
    KeyMade,
    KeyOut,
    MeKey,
    MeOut,
    PluginOut,
    WorkspaceOut,
    index_out,
    plugin_out,
)
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.posts import SpecState
from copyhound.services import Services


@get("/me", tags=["operations"])
async def get_me(services: NamedDependency[Services], caller: NamedDependency[Caller]) -> MeOut:
    """Whose key this is, and what it may do."""
    workspace, key = await services.keys.describe(caller)
    shown = MeKey(key.id, key.name, list(key.scopes), key.expires_at)
    return MeOut(workspace.id, workspace.name, WorkspaceOut(workspace.id, workspace.name), shown)


class KeyController(Controller):
    """API keys of the workspace; only their hashes are kept."""

    path = "/keys"
    tags = ("operations",)
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

        async def make() -> Made:
            scopes = tuple(dict.fromkeys(sent.scopes))
            key, plain = await services.keys.create(caller.workspace_id, sent.name, scopes, sent.expires_at)
            location = {"Location": f"{services.kit.public_url}/api/v1/keys/{key.id}"}
            return Made(_made(key, plain), 201, {**location, "Cache-Control": "no-store"})

        return await once(sent, make)

    @get("/")
    async def list_keys(self, services: NamedDependency[Services], caller: NamedDependency[Caller]) -> Items[KeyOut]:
        """The keys of the workspace, revoked ones too."""
        return Items([shaped(KeyOut, key) for key in await services.keys.all(caller)])

    @get("/{key_id:str}")
    async def get_key(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], key_id: FromPath[str]
    ) -> KeyOut:
        """One key."""
        for key in await services.keys.all(caller):
            if key.id == key_id:
                return shaped(KeyOut, key)
        raise CopyhoundError("not_found", f"There is no key {key_id}.")

    @delete("/{key_id:str}")
    async def revoke_key(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], key_id: FromPath[str]
    ) -> None:
        """Revoke a key, at once and for good."""
        await services.keys.revoke(caller, key_id)


@get("/index", tags=["operations"])
async def get_index(services: NamedDependency[Services], caller: NamedDependency[Caller]) -> IndexOut:
    """What the candidate index holds and takes, how far it follows the database, and which caps searches met."""
    return index_out(await services.indexing.status(caller))


@get("/plugins", tags=["operations"])
async def list_plugins(catalogue: NamedDependency[Catalogue], plugins: NamedDependency[Plugins]) -> Items[PluginOut]:
    """What was found, what is not loaded and why, and how each specification fares."""
    told = {kind: desk.states() for kind, desk in plugins.items()}
    return Items([plugin_out(state, told) for state in catalogue.plugins])


@get("/providers", tags=["operations"])
async def list_providers(plugins: NamedDependency[Plugins]) -> Items[SpecState]:
    """The providers, how they fare, and what they need."""
    return Items(plugins["providers"].states() if "providers" in plugins else [])


@get("/healthz", opt=PUBLIC, tags=["operations"])
async def get_health() -> HealthOut:
    """The process is alive."""
    return HealthOut()


@get("/readyz", opt=PUBLIC, tags=["operations"])
async def get_readiness(services: NamedDependency[Services]) -> HealthOut:
    """It can work: the database and the index answer."""
    try:
        async with services.kit.units.read() as uow:
            await uow.workspaces.first()
        await services.kit.index.mark()
    except Exception as error:
        raise CopyhoundError("unavailable", "The database or the index does not answer.") from error
    return HealthOut()


@get("/metrics", opt=PUBLIC, media_type="text/plain", tags=["operations"])
async def get_metrics(metrics: NamedDependency[Metrics], services: NamedDependency[Services]) -> Response[bytes]:
    """Figures for Prometheus."""
    figures = metrics.text(
        capped_bands=services.candidates.capped_bands, crowded_words=services.kit.index.crowded_words
    )
    return Response(figures, media_type="text/plain; version=0.0.4")


def _made(key: ApiKey, plain: str) -> KeyMade:
    return KeyMade(**msgspec.structs.asdict(shaped(KeyOut, key)), key=plain)
