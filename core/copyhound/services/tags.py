"""Tags: those that a list has, and those that found copies were given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.tags import (
    DEFAULT_TAGS,
    NO_PAGE,
    Tag,
    TagChanges,
    TagLabel,
    TagState,
    meant,
    page_key,
    row_parts,
    tag_key,
)
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Kit

_COLOUR: Final = re.compile(r"#?[0-9A-Fa-f]{6}")
_GREY: Final = "808080"
_MOST: Final = 500
_DEFAULT_KEYS: Final = frozenset(tag.key for tag in DEFAULT_TAGS)


class TagService:
    """Tags of a list; `list_id` None stands for those that all lists of the workspace have."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def page_key(self, url: str | None) -> str:
        """The part of a row's id that names a page; empty for the whole match."""
        return page_key(url) if url else NO_PAGE

    async def tags(self, caller: Caller, list_id: str | None) -> list[Tag]:
        """The default tags, as they were changed, then the workspace's, then the list's own."""
        async with self._kit.units.read() as uow:
            await _must_exist(uow, caller, list_id)
            return await _tags(uow, caller.workspace_id, list_id)

    async def add(
        self,
        caller: Caller,
        list_id: str | None,
        label: TagLabel,
        colour: str = _GREY,
        state: TagState = TagState.live,
    ) -> Tag:
        async with self._kit.units() as uow:
            await _must_exist(uow, caller, list_id)
            there = await _tags(uow, caller.workspace_id, list_id)
            if len(there) >= _MOST:
                raise CopyhoundError("conflict", f"A list has at most {_MOST} tags.")
            key = tag_key(label, (tag.key for tag in there))
            made = Tag(key, label, _colour(colour), state)
            await uow.tags.put(caller.workspace_id, list_id, made, self._kit.now())
        return made

    async def update(self, caller: Caller, list_id: str | None, key: str, changes: TagChanges) -> Tag:
        return (await self.update_all(caller, list_id, [(key, changes)]))[0]

    async def update_all(
        self, caller: Caller, list_id: str | None, changes: Sequence[tuple[str, TagChanges]]
    ) -> list[Tag]:
        """Change several tags, by their keys, one after the other: all of them, or none where one is refused."""
        changed: list[Tag] = []
        async with self._kit.units() as uow:
            await _must_exist(uow, caller, list_id)
            tags = {tag.key: tag for tag in await _tags(uow, caller.workspace_id, list_id)}
            for key, change in changes:
                tags[key] = _changed(tags, key, change)
                await uow.tags.put(caller.workspace_id, list_id, tags[key], self._kit.now())
                changed.append(tags[key])
        return changed

    async def remove(self, caller: Caller, list_id: str | None, key: str) -> None:
        """Delete a tag, and take it off what has it. A default tag is only hidden: every list has it."""
        if key in _DEFAULT_KEYS:
            await self.update(caller, list_id, key, TagChanges(state=TagState.hidden))
            return
        async with self._kit.units() as uow:
            await _must_exist(uow, caller, list_id)
            if not await uow.tags.remove(caller.workspace_id, list_id, key):
                raise CopyhoundError("not_found", f"There is no tag {key!r} here.")

    async def counts(self, caller: Caller) -> dict[str | None, int]:
        """List id (None: the workspace's own) -> how many tags were made or changed there."""
        async with self._kit.units.read() as uow:
            return await uow.tags.counts(caller.workspace_id)

    async def give(self, caller: Caller, rows: Sequence[str], key: str) -> int:
        """Give a tag to rows (ids of matches, or of matches on one page) in place of those that they have; an empty
        key takes all off. How many rows were there. CopyhoundError not_found where none was."""
        parts = [row_parts(row) for row in rows]
        async with self._kit.units() as uow:
            tag = await _tag_for(uow, caller.workspace_id, [match_id for match_id, _ in parts], key) if key else None
            count = await uow.tags.give(caller.workspace_id, parts, tag)
        if parts and not count:
            raise CopyhoundError("not_found", "There is no such result.")
        return count

    async def given(self, caller: Caller, match_ids: Sequence[str]) -> dict[tuple[str, str], list[str]]:
        """(match id, page key, empty for the whole match) -> keys of tags."""
        async with self._kit.units.read() as uow:
            return await uow.tags.of_matches(caller.workspace_id, match_ids)


async def _tag_for(uow: UnitOfWork, workspace_id: str, match_ids: Sequence[str], key: str) -> str:
    """The tag that `key` means in the lists of these matches; it must be known in each."""
    found = ""
    for list_id in await uow.tags.lists_of(workspace_id, match_ids):
        found = meant(await _tags(uow, workspace_id, list_id), key)
    return found or key


async def _tags(uow: UnitOfWork, workspace_id: str, list_id: str | None) -> list[Tag]:
    found = {tag.key: tag for tag in DEFAULT_TAGS}
    found.update({tag.key: tag for tag in await uow.tags.of_list(workspace_id, None)})
    if list_id is not None:
        found.update({tag.key: tag for tag in await uow.tags.of_list(workspace_id, list_id)})
    return list(found.values())


async def _must_exist(uow: UnitOfWork, caller: Caller, list_id: str | None) -> None:
    if list_id is not None and await uow.lists.get(caller.workspace_id, list_id) is None:
        raise CopyhoundError("not_found", f"There is no list {list_id}.")


def _changed(tags: dict[str, Tag], key: str, changes: TagChanges) -> Tag:
    given = {name: value for name in changes.__struct_fields__ if (value := getattr(changes, name)) is not UNSET}
    if "colour" in given:
        given["colour"] = _colour(given["colour"])
    if (alias := given.get("alias_of")) is not None and (alias == key or alias not in tags):
        raise CopyhoundError("invalid_request", f"There is no other tag {alias!r} here.")
    return msgspec.structs.replace(_known(tags, key), **given)


def _known(tags: dict[str, Tag], key: str) -> Tag:
    if key not in tags:
        raise CopyhoundError("not_found", f"There is no tag {key!r} here.")
    return tags[key]


def _colour(text: str) -> str:
    if not _COLOUR.fullmatch(text):
        raise CopyhoundError("invalid_request", "A colour is six hexadecimal digits, such as 79E524.")
    return text.removeprefix("#").upper()
