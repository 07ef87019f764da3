"""Tags of lists and of found copies; hosts that are left out."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.tags import TagChanges, row_id
from copyhound.domain.workspaces import Caller
from copyhound.http.bodies import JsonBody
from copyhound.http.wire.common import Items, shaped
from copyhound.http.wire.tags import GivenTag, IgnoredHostOut, IgnoredHostsIn, TagChangesIn, TaggingIn, TagIn, TagOut
from copyhound.services import Services

ListId = Annotated[str | None, QueryParameter(description="Those of one list; none: those of all lists.")]


class TagController(Controller):
    """A tag sorts found copies. Every list has five of its own."""

    path = "/lists/{list_id:str}/tags"
    tags = ("tags",)

    @get("/")
    async def list_tags(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], list_id: FromPath[str]
    ) -> Items[TagOut]:
        """The tags of a list."""
        return Items([shaped(TagOut, tag) for tag in await services.tags.tags(caller, list_id)])

    @post("/", dependencies={"sent": JsonBody(TagIn)})
    async def create_tag(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        list_id: FromPath[str],
        sent: NamedDependency[TagIn],
    ) -> TagOut:
        """Make a tag; its key comes from its label."""
        return shaped(TagOut, await services.tags.add(caller, list_id, sent.label, sent.colour))

    @patch("/{key:str}", dependencies={"sent": JsonBody(TagChangesIn)})
    async def update_tag(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        list_id: FromPath[str],
        key: FromPath[str],
        sent: NamedDependency[TagChangesIn],
    ) -> TagOut:
        """Change a tag of a list."""
        changes = TagChanges(sent.label, sent.colour, sent.state, sent.alias_of)
        return shaped(TagOut, await services.tags.update(caller, list_id, key, changes))

    @delete("/{key:str}")
    async def delete_tag(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        list_id: FromPath[str],
        key: FromPath[str],
    ) -> None:
        """Delete a tag, also from copies; one of the five is only hidden."""
        await services.tags.remove(caller, list_id, key)


class TaggingController(Controller):
    """The tags that a match has."""

    path = "/matches/{match_id:str}/tags"
    tags = ("tags",)

    @get("/")
    async def list_given_tags(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], match_id: FromPath[str]
    ) -> Items[GivenTag]:
        """The tags of a match and of its pages."""
        return await _given(services, caller, match_id)

    @put("/", dependencies={"sent": JsonBody(TaggingIn)})
    async def tag_match(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        match_id: FromPath[str],
        sent: NamedDependency[TaggingIn],
    ) -> Items[GivenTag]:
        """Give a match, or one of its pages, a tag in place of those that it has."""
        match = await services.matches.get(caller, match_id)
        if sent.page_url is not None and sent.page_url not in {page.url for page in match.pages}:
            raise CopyhoundError("invalid_request", "The match was not found on that page.")
        row = row_id(match.id, services.tags.page_key(sent.page_url))
        await services.tags.give(caller, [row], sent.tag or "")
        return await _given(services, caller, match_id)


async def _given(services: Services, caller: Caller, match_id: str) -> Items[GivenTag]:
    match = await services.matches.get(caller, match_id)
    pages = {services.tags.page_key(page.url): page.url for page in match.pages}
    found = await services.tags.given(caller, [match.id])
    return Items([GivenTag(tag, pages.get(key)) for (_, key), tags in sorted(found.items()) for tag in tags])


class IgnoredHostController(Controller):
    """A host that is ignored is left out of results where a reader asks for it."""

    path = "/ignored-hosts"
    tags = ("ignored hosts",)

    @get("/")
    async def list_ignored_hosts(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], list_id: ListId = None
    ) -> Items[IgnoredHostOut]:
        """The hosts that are ignored in a list, or in all."""
        return Items([shaped(IgnoredHostOut, one) for one in await services.ignores.hosts(caller, list_id)])

    @post("/", dependencies={"sent": JsonBody(IgnoredHostsIn)})
    async def add_ignored_hosts(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        sent: NamedDependency[IgnoredHostsIn],
    ) -> Response[Items[IgnoredHostOut]]:
        """Ignore hosts. Those that are ignored already stay as they are."""
        kept = await services.ignores.add(caller, sent.list_id, sent.hosts)
        return Response(Items([shaped(IgnoredHostOut, one) for one in kept]), status_code=201)

    @delete("/{ignored_id:str}")
    async def delete_ignored_host(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        ignored_id: FromPath[str],
        list_id: ListId = None,
    ) -> None:
        """Don't ignore a host any more. `list_id` says where it was ignored."""
        await services.ignores.remove(caller, list_id, ignored_id)
