"""Runs of a source into a collection."""

from __future__ import annotations

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from copyhound.domain.workspaces import Caller
from copyhound.http.bodies import JsonBody
from copyhound.http.idempotency import Made, Once
from copyhound.http.paging import Cursor, Limit
from copyhound.http.wire.collections import IngestIn, IngestOut, ingest_out
from copyhound.http.wire.common import Items, items
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.services import Services


class IngestController(Controller):
    """An ingest feeds a collection from a folder, a site ..."""

    tags = ("collections",)

    @post("/collections/{name:str}/ingests", dependencies={"sent": JsonBody(IngestIn)})
    async def start_ingest(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        catalogue: NamedDependency[Catalogue],
        once: NamedDependency[Once],
        name: FromPath[str],
        sent: NamedDependency[IngestIn],
    ) -> Response[IngestOut]:
        """Start a run. A source that reads the server's files needs a key with the scope `operator`."""

        async def make() -> Made:
            made = await services.ingests.start(caller, name, sent.source, sent.settings)
            headers = {"Location": f"{services.kit.public_url}/api/v1/ingests/{made.id}"}
            return Made(ingest_out(made, catalogue), 202, headers)

        return await once(sent, make)

    @get("/ingests")
    async def list_ingests(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        catalogue: NamedDependency[Catalogue],
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[IngestOut]:
        """Runs, newest first."""
        page = await services.ingests.page(caller, cursor=cursor, limit=limit)
        return items(page, lambda one: ingest_out(one, catalogue))

    @get("/ingests/{ingest_id:str}")
    async def get_ingest(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        catalogue: NamedDependency[Catalogue],
        ingest_id: FromPath[str],
    ) -> IngestOut:
        """How far a run is."""
        return ingest_out(await services.ingests.get(caller, ingest_id), catalogue)
