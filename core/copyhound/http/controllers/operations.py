"""Plugins, the index, and the state of the server."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import Caller
from copyhound.http.auth import PUBLIC
from copyhound.http.metrics import Metrics
from copyhound.http.ports import Plugins
from copyhound.http.wire.common import Items
from copyhound.http.wire.operations import (
    HealthOut,
    IndexOut,
    PluginOut,
    index_out,
    plugin_out,
)
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.posts import SpecState
from copyhound.services import Services


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
    """The server can work: the database and the index answer."""
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
