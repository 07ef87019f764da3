"""Our own index: collections, their entries, and what is compared with them."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, PathParameter, QueryParameter

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.matches import Page
from copyhound.domain.searches import ImageInput
from copyhound.domain.workspaces import Caller
from copyhound.http.auth import READS
from copyhound.http.idempotency import Made, Once
from copyhound.http.paging import Cursor, Limit
from copyhound.http.problems import refused
from copyhound.http.uploads import PicturesBody, Sent, fingerprint, from_base64, limit_count
from copyhound.http.wire.collections import (
    CollectionOut,
    ComparedOut,
    EntriesIn,
    EntryFault,
    EntryOut,
    EntryResult,
    FoundEntry,
    OneImageIn,
    PairIn,
    RemovedOut,
    collection_out,
    entry_out,
    found_entry,
    seen_on,
)
from copyhound.http.wire.common import Items, items
from copyhound.http.wire.matches import comparison_out
from copyhound.services import Services
from copyhound.services.images import fetch_picture

NewName = Annotated[
    str,
    PathParameter(
        schema_extra={"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"}, description="Lower-case letters, digits, - and _."
    ),
]
Prefix = Annotated[str | None, QueryParameter(max_length=4000, description="What the addresses begin with.")]
All = Annotated[bool, QueryParameter(name="all", description="Remove all entries; in place of `prefix`.")]
_LINE = 50.0


class CollectionController(Controller):
    """A collection is a set of indexed pictures."""

    path = "/collections"
    tags = ("collections",)

    @get("/")
    async def list_collections(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller]
    ) -> Items[CollectionOut]:
        """All collections, with how many entries each holds."""
        return Items([collection_out(pair) for pair in await services.collections.all(caller)])

    @get("/{name:str}")
    async def get_collection(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], name: FromPath[str]
    ) -> CollectionOut:
        """One collection."""
        return collection_out(await services.collections.get(caller, name))

    @put("/{name:str}")
    async def put_collection(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], name: NewName
    ) -> CollectionOut:
        """Make a collection; the one that is there where there is one."""
        made = await services.collections.ensure(caller.workspace_id, name)
        return collection_out((made, await services.collections.count(caller, name)))

    @post(
        "/{name:str}/search",
        dependencies={"sent": PicturesBody(OneImageIn, ("image",))},
        opt=READS,
        status_code=200,
    )
    async def search_collection(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        name: FromPath[str],
        sent: NamedDependency[Sent],
    ) -> Items[FoundEntry]:
        """The entries that show the same picture, surest first. Nothing is kept."""
        data = await _one(services, sent, "image")
        return Items([found_entry(found) for found in await services.collections.search(caller, name, data)])


class EntryController(Controller):
    """The indexed pictures of a collection."""

    path = "/collections/{name:str}/entries"
    tags = ("collections",)

    @get("/")
    async def list_entries(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        name: FromPath[str],
        image_url: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[EntryOut]:
        """Entries, newest first."""
        page = await services.collections.entries(caller, name, image_url=image_url, cursor=cursor, limit=limit)
        return items(page, entry_out)

    @post("/", dependencies={"sent": PicturesBody(EntriesIn)})
    async def add_entries(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        name: FromPath[str],
        sent: NamedDependency[Sent],
    ) -> Response[Items[EntryResult]]:
        """Index pictures under their addresses. Of several, one that is refused harms no other: each has its result."""
        entries = _entries(sent)
        limit_count([image for image, _ in entries], services.kit.limits.images_per_search)

        async def make() -> Made:
            if len(entries) == 1:
                results = [await _index(services, caller, name, *entries[0])]
            else:
                results = [await _result(services, caller, name, *entry) for entry in entries]
            return Made(Items(results), 201 if any(one.added for one in results) else 200)

        return await once([fingerprint([image for image, _ in entries]), [pages for _, pages in entries]], make)

    @delete("/", status_code=200)
    async def remove_entries(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        name: FromPath[str],
        prefix: Prefix = None,
        everything: All = False,
    ) -> RemovedOut:
        """Remove the entries whose address begins with `prefix`; with `all=true`, and no prefix, all of them."""
        if everything == bool(prefix):
            raise refused([{"field": "prefix", "message": "Expected either a prefix that is not empty, or all=true"}])
        return RemovedOut(await services.collections.remove(caller, name, prefix=prefix or ""))

    @delete("/{entry_id:str}")
    async def remove_entry(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        name: FromPath[str],
        entry_id: FromPath[str],
    ) -> None:
        """Remove one entry."""
        await services.collections.remove_entry(caller, name, entry_id)


@post(
    "/compare",
    dependencies={"sent": PicturesBody(PairIn, ("image", "other"))},
    opt=READS,
    status_code=200,
    tags=["collections"],
)
async def compare(services: NamedDependency[Services], sent: NamedDependency[Sent]) -> ComparedOut:
    """Whether two pictures are the same one, and how they differ. Nothing is kept."""
    image, other = await _one(services, sent, "image"), await _one(services, sent, "other")
    found = await services.collections.compare(image, other)
    return ComparedOut(found is not None and found.confidence >= _LINE, comparison_out(found))


async def _one(services: Services, sent: Sent, field: str) -> bytes:
    one = getattr(sent.fields, field)
    pictures = sent.pictures(field, [one] if one else [])
    if not pictures:
        raise CopyhoundError("no_image", f"Nothing was sent as {field!r}.")
    limit_count(pictures, 1)
    return await _data(services, pictures[0])


async def _data(services: Services, picture: ImageInput) -> bytes:
    if picture.data is not None:
        return picture.data
    assert picture.url is not None
    services.kit.check_url(picture.url)
    return await fetch_picture(services.kit, picture.url)


def _entries(sent: Sent) -> list[tuple[ImageInput, tuple[Page, ...]]]:
    """(picture with the address that it is indexed under as `url`, pages) for each."""
    fields: EntriesIn = sent.fields
    uploads = sent.files.get("images", [])
    if len(uploads) != len(fields.image_urls):
        raise refused([{"field": "image_urls", "message": "Expected one for each file in images"}])
    files = [(ImageInput(u.name, u.data, url), ()) for u, url in zip(uploads, fields.image_urls, strict=True)]
    return files + [
        (
            ImageInput(
                one.image_url,
                None if one.base64 is None else from_base64(one.base64, f"entries[{n}].base64"),
                one.image_url,
            ),
            seen_on(one.pages),
        )
        for n, one in enumerate(fields.entries)
    ]


async def _index(
    services: Services, caller: Caller, name: str, picture: ImageInput, pages: tuple[Page, ...]
) -> EntryResult:
    assert picture.url is not None
    data = await _data(services, picture)
    entry, added = await services.collections.add(
        caller.workspace_id, name, image_url=picture.url, data=data, pages=pages
    )
    return EntryResult(picture.url, added, entry_out(entry))


async def _result(
    services: Services, caller: Caller, name: str, picture: ImageInput, pages: tuple[Page, ...]
) -> EntryResult:
    try:
        return await _index(services, caller, name, picture, pages)
    except CopyhoundError as error:
        return EntryResult(picture.url or "", False, None, EntryFault(error.code, error.detail))
