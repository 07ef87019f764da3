"""Repositories of what people make of what was found: tags, ignored hosts, figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from copyhound.domain.figures import ImageFigures, ListFigures
from copyhound.domain.matches import MatchFilter
from copyhound.domain.tags import IgnoredHost, Tag


class TagRepository(Protocol):
    """Tags of lists and of found copies. `list_id` None: those of all lists of the workspace."""

    async def of_list(self, workspace_id: str, list_id: str | None) -> list[Tag]: ...
    async def put(self, workspace_id: str, list_id: str | None, tag: Tag, at: datetime) -> None: ...
    async def remove(self, workspace_id: str, list_id: str | None, key: str) -> bool:
        """Also from all copies that have it."""

    async def counts(self, workspace_id: str) -> dict[str | None, int]: ...
    async def facet(self, workspace_id: str, where: MatchFilter) -> list[tuple[str, int]]:
        """How many rows have each tag, the most first."""

    async def lists_of(self, workspace_id: str, match_ids: Sequence[str]) -> list[str]:
        """The lists in which these matches are."""

    async def of_matches(self, workspace_id: str, match_ids: Sequence[str]) -> dict[tuple[str, str], list[str]]:
        """(match id, page key) -> tags; the page key is empty for tags of the whole match."""

    async def give(self, workspace_id: str, rows: Sequence[tuple[str, str]], tag: str | None) -> int:
        """Give rows (match id, page key) one tag, or none, in place of those they have; how many were there."""


class IgnoreRepository(Protocol):
    """Hosts that are left out. `list_id` None: in all lists of the workspace."""

    async def add(self, item: IgnoredHost) -> IgnoredHost:
        """The one that is there where that host is ignored already."""

    async def of_list(self, workspace_id: str, list_id: str | None) -> list[IgnoredHost]: ...
    async def remove(self, workspace_id: str, list_id: str | None, ignore_id: str) -> bool: ...
    async def counts(self, workspace_id: str) -> dict[str | None, int]: ...


class FigureRepository(Protocol):
    """Lists and images in figures; each that was asked for is there."""

    async def of_lists(self, workspace_id: str, list_ids: Sequence[str]) -> dict[str, ListFigures]: ...
    async def open_images(self, workspace_id: str, list_id: str) -> int: ...
    async def of_images(self, workspace_id: str, image_ids: Sequence[str]) -> dict[str, ImageFigures]: ...
