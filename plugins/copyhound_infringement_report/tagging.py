"""Tags of lists and of results, and hosts that are left out."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from copyhound.plugin_api import Caller, CopyhoundError, ImageList, MatchFilter, TagChanges, TagState
from copyhound_infringement_report.answers import AnyRequest, good
from copyhound_infringement_report.asking import filter_of_q
from copyhound_infringement_report.querying import tag_wire
from copyhound_infringement_report.reading import ALL_LISTS, Office, body_of, lines_of, number_of, shaped

_MOST_HOSTS: Final = 10_000
_MOST_RESULTS: Final = 10_000
_EVERYWHERE: Final = {"list_id": ALL_LISTS, "list_label": "All lists"}

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class NewTag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tag is made of."""

    tag_label: Name
    colour: str = "808080"
    state: TagState = TagState.live


class TagUpdate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different in one tag."""

    tag_id: str | None = None
    tag_label: Name | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    state: TagState | UnsetType = UNSET
    alias_of: str | None | UnsetType = UNSET


class TagUpdates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Several changes; each may name its tag."""

    update: Annotated[list[TagUpdate], msgspec.Meta(max_length=500)]


class Tagging(msgspec.Struct, frozen=True):
    """A tag for some results; an empty one takes tags off."""

    tag: str
    result_ids: Annotated[list[str], msgspec.Meta(max_length=_MOST_RESULTS)] | None = None
    list_id: int | None = None
    q: str | None = None


class NewIgnores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hosts to leave out; `*` stands for any text."""

    add: Annotated[list[str], msgspec.Meta(max_length=_MOST_HOSTS)] = []
    add_lsv_urls: str = ""
    """One a line."""


class TagController(Controller):
    """Tags."""

    @get("/tag")
    async def count_tags(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """The lists in which tags were made or changed."""
        counts = await office.uses.tags.counts(request.user)
        return good([{**one, "tag_count": count} for one, count in await _named(office, request.user, counts)])

    @get("/list/{list_id:str}/tag")
    async def list_tags(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes]:
        """The tags of a list; list 0 stands for all."""
        list_of = await _list_wire(office, request.user, list_id)
        tags = await office.uses.tags.tags(request.user, await office.list_id_of(request.user, list_id))
        return good({"list": list_of, "tags": [tag_wire(tag) for tag in tags]})

    @post("/list/{list_id:str}/tag", status_code=200)
    async def create_tag(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes]:
        """Make a tag."""
        new = shaped(await body_of(request), NewTag)
        within = await office.list_id_of(request.user, list_id)
        made = await office.uses.tags.add(request.user, within, new.tag_label, new.colour, new.state)
        return good(tag_wire(made))

    @patch("/list/{list_id:str}/tag/{tag_id:str}")
    async def update_tags(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str], tag_id: FromPath[str]
    ) -> Response[bytes]:
        """Change tags: `update` holds one change for each, or the body is the change of this tag."""
        fields = await body_of(request)
        updates = shaped(fields, TagUpdates).update if "update" in fields else [shaped(fields, TagUpdate)]
        within = await office.list_id_of(request.user, list_id)
        changes = [
            (
                one.tag_id or tag_id,
                TagChanges(label=one.tag_label, colour=one.colour, state=one.state, alias_of=one.alias_of),
            )
            for one in updates
        ]
        changed = await office.uses.tags.update_all(request.user, within, changes)
        return good({"tags": [tag_wire(tag) for tag in changed]})

    @delete("/list/{list_id:str}/tag/{tag_id:str}", status_code=200)
    async def delete_tag(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str], tag_id: FromPath[str]
    ) -> Response[bytes]:
        """Delete a tag, also from results; one of the default tags is only hidden."""
        await office.uses.tags.remove(request.user, await office.list_id_of(request.user, list_id), tag_id)
        return good({"tag_id": tag_id})


class ResultController(Controller):
    """Results."""

    path = "/result"

    @patch("/bulk")
    async def tag_results(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """Tag several results: `result_ids`, or `list_id` and `q`, which is `host:domain.com`."""
        wanted = shaped(await body_of(request), Tagging)
        ids = wanted.result_ids
        if ids is None:
            ids = await _ids_of(office, request.user, wanted)
        count = await office.uses.tags.give(request.user, ids, wanted.tag) if ids else 0
        asked = {"tag": wanted.tag, "result_ids": ids}
        return good({"updated": count, "request": asked}, request=asked)

    @patch("/{result_id:str}")
    async def tag_result(
        self, request: AnyRequest, office: NamedDependency[Office], result_id: FromPath[str]
    ) -> Response[bytes]:
        """Tag a result, in place of the tags that it has; an empty `tag` takes them off."""
        wanted = shaped(await body_of(request), Tagging)
        await office.uses.tags.give(request.user, [result_id], wanted.tag)
        return good({"id": result_id, "tag": [wanted.tag] if wanted.tag else []})


async def _ids_of(office: Office, caller: Caller, wanted: Tagging) -> list[str]:
    if wanted.list_id is None:
        raise CopyhoundError("invalid_request", "Send result_ids, or list_id and q.")
    within = await office.list_of(caller, str(wanted.list_id))
    by_host = filter_of_q(wanted.q or "")
    if by_host is None:
        raise CopyhoundError("invalid_request", "q says which results: host:domain.com.")
    where = MatchFilter(list_id=within.id, filter=office.uses.results.filter(by_host))
    ids: list[str] = []
    async for row in office.uses.results.stream(caller, where):
        ids.append(row.id)
        if len(ids) > _MOST_RESULTS:
            raise CopyhoundError("invalid_request", f"More than {_MOST_RESULTS} results: tag them in parts.")
    return ids


class IgnoreController(Controller):
    """Hosts that are left out of queries with `use_ignore_lists`."""

    @get("/ignore")
    async def count_ignores(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """The lists in which hosts are left out."""
        counts = await office.uses.ignores.counts(request.user)
        return good([{**one, "ignored_count": count} for one, count in await _named(office, request.user, counts)])

    @get("/list/{list_id:str}/ignore")
    async def list_ignores(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes]:
        """The hosts that are left out of a list; list 0 stands for all."""
        return good(await _ignores(office, request.user, list_id))

    @patch("/list/{list_id:str}/ignore")
    async def add_ignores(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str]
    ) -> Response[bytes]:
        """Leave hosts out; `*` stands for any text."""
        new = shaped(await body_of(request), NewIgnores)
        hosts = [*new.add, *lines_of(new.add_lsv_urls, "add_lsv_urls", _MOST_HOSTS)]
        if not hosts:
            raise CopyhoundError("invalid_request", "Send hosts as `add`, or one a line as `add_lsv_urls`.")
        await office.uses.ignores.add(request.user, await office.list_id_of(request.user, list_id), hosts)
        return good(await _ignores(office, request.user, list_id))

    @delete("/list/{list_id:str}/ignore/{ignore_id:str}", status_code=200)
    async def delete_ignore(
        self, request: AnyRequest, office: NamedDependency[Office], list_id: FromPath[str], ignore_id: FromPath[str]
    ) -> Response[bytes]:
        """Don't leave a host out any more."""
        within = await office.list_id_of(request.user, list_id)
        await office.uses.ignores.remove(request.user, within, ignore_id)
        return good({"ignore_id": ignore_id})


async def _ignores(office: Office, caller: Caller, list_id: str) -> dict[str, Any]:
    list_of = await _list_wire(office, caller, list_id)
    hosts = await office.uses.ignores.hosts(caller, await office.list_id_of(caller, list_id))
    return {"list": list_of, "ignored_hosts": [{"ignore_id": one.id, "host": one.host} for one in hosts]}


async def _list_wire(office: Office, caller: Caller, list_id: str) -> dict[str, Any]:
    if number_of(list_id, "list") == ALL_LISTS:
        return _EVERYWHERE
    return _short(await office.list_of(caller, list_id))


async def _named(office: Office, caller: Caller, counts: dict[str | None, int]) -> list[tuple[dict[str, Any], int]]:
    """Counts by list, with what names each list; that of all lists first."""
    found: list[tuple[dict[str, Any], int]] = [(_EVERYWHERE, counts[None])] if None in counts else []
    lists = [await office.uses.lists.get(caller, list_id) for list_id in counts if list_id is not None]
    return found + [(_short(one), counts[one.id]) for one in sorted(lists, key=lambda one: one.number)]


def _short(found: ImageList) -> dict[str, Any]:
    return {"list_id": found.number, "list_label": found.label}
