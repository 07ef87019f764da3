"""Hosts whose copies are left out where a reader asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.tags import IgnoredHost, host_pattern
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Kit

_MOST: Final = 10_000


class IgnoreService:
    """Ignored hosts of a list; `list_id` None stands for all lists of the workspace."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def hosts(self, caller: Caller, list_id: str | None) -> list[IgnoredHost]:
        async with self._kit.units.read() as uow:
            await _must_exist(uow, caller, list_id)
            return await uow.ignores.of_list(caller.workspace_id, list_id)

    async def add(self, caller: Caller, list_id: str | None, hosts: Sequence[str]) -> list[IgnoredHost]:
        """Ignore hosts; `*` stands for any text. Those that are there already stay as they are."""
        patterns = dict.fromkeys(host_pattern(host) for host in hosts)
        now = self._kit.now()
        async with self._kit.units() as uow:
            await _must_exist(uow, caller, list_id)
            if len(await uow.ignores.of_list(caller.workspace_id, list_id)) + len(patterns) > _MOST:
                raise CopyhoundError("conflict", f"At most {_MOST} hosts are ignored in one place.")
            items = [IgnoredHost(new_id("ign"), caller.workspace_id, list_id, host, now) for host in patterns]
            return [await uow.ignores.add(item) for item in items]

    async def remove(self, caller: Caller, list_id: str | None, ignore_id: str) -> None:
        async with self._kit.units() as uow:
            await _must_exist(uow, caller, list_id)
            if not await uow.ignores.remove(caller.workspace_id, list_id, ignore_id):
                raise CopyhoundError("not_found", f"There is no ignored host {ignore_id} here.")

    async def counts(self, caller: Caller) -> dict[str | None, int]:
        """List id (None: all lists) -> how many hosts are ignored there."""
        async with self._kit.units.read() as uow:
            return await uow.ignores.counts(caller.workspace_id)


async def _must_exist(uow: UnitOfWork, caller: Caller, list_id: str | None) -> None:
    if list_id is not None and await uow.lists.get(caller.workspace_id, list_id) is None:
        raise CopyhoundError("not_found", f"There is no list {list_id}.")
