"""How much each version of each API is used: counted by the processes that serve, added up in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from copyhound.domain.lifecycle import Lifecycle, Use
from copyhound.services.kit import Kit

_NOBODYS: Final = ""
"""Counts belong to the installation, to no workspace."""
_SCOPE: Final = "copyhound:lifecycle"


class LifecycleService:
    """Keeps counts, and tells them."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def add(self, counted: Mapping[str, int], executor: str) -> None:
        """Add what one process counted. Each process has counts of its own, so that none overwrites another's."""
        today = self._kit.now().date()
        async with self._kit.units() as uow:
            for key, requests in sorted(counted.items()):
                name = f"{executor}|{key}"
                before = msgspec.convert(await uow.state.get(_NOBODYS, _SCOPE, name) or {}, Use)
                await uow.state.put(_NOBODYS, _SCOPE, {name: msgspec.to_builtins(before.with_more(requests, today))})

    async def use(self) -> dict[str, Use]:
        """Key of a version or an operation -> what all processes have counted."""
        async with self._kit.units.read() as uow:
            kept = await uow.state.scan(_NOBODYS, _SCOPE, limit=10_000)
        total: dict[str, Use] = {}
        for name, value in kept.items():
            one, key = msgspec.convert(value, Use), name.partition("|")[2]
            before = total.get(key, Use())
            total[key] = before.with_more(one.requests, one.last_used) if one.last_used else before
        return total

    async def may_go(self, table: Lifecycle) -> list[str]:
        """The keys of what may be taken away today, by either rule."""
        return table.may_go(self._kit.now().date(), await self.use())
