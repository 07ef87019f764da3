"""Workspaces: made and listed by the server's operator."""

from __future__ import annotations

from copyhound.domain.ids import new_id
from copyhound.domain.workspaces import Workspace
from copyhound.services.kit import Kit


class WorkspaceService:
    """Who owns data."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def create(self, name: str) -> Workspace:
        """A workspace without keys."""
        made = Workspace(new_id("ws"), name, self._kit.now())
        async with self._kit.units() as uow:
            await uow.workspaces.add(made)
        return made

    async def all(self) -> list[Workspace]:
        """The first made first."""
        async with self._kit.units.read() as uow:
            return await uow.workspaces.all()
