"""What plugins keep over restarts: small JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from copyhound.domain.repositories import UnitOfWorkFactory


class KeptState:
    """The state that a plugin keeps, in the database."""

    def __init__(self, units: UnitOfWorkFactory, workspace_id: str, scope: str) -> None:
        self._units, self._workspace_id, self._scope = units, workspace_id, scope

    async def get(self, key: str) -> Any | None:
        async with self._units.read() as uow:
            return await uow.state.get(self._workspace_id, self._scope, key)

    async def put(self, items: Mapping[str, Any]) -> None:
        async with self._units() as uow:
            await uow.state.put(self._workspace_id, self._scope, dict(items))

    async def delete(self, keys: Sequence[str] | None = None) -> None:
        async with self._units() as uow:
            await uow.state.delete(self._workspace_id, self._scope, keys)

    async def scan(self, prefix: str = "", limit: int = 1000) -> dict[str, Any]:
        async with self._units.read() as uow:
            return await uow.state.scan(self._workspace_id, self._scope, prefix, limit)
