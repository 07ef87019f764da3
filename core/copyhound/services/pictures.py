"""Pictures before they are searched: what they are, in a form that the engine reads."""

from __future__ import annotations

from copyhound.domain.pictures import Readable
from copyhound.services.kit import Kit


class PictureService:
    """Looks at uploads, in the compute processes."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def readable(self, data: bytes, *, whole: bool = False) -> Readable:
        """An upload as it is, an icon or a raw file turned into what the engine reads.

        The header is read; with `whole` the pixels too. CopyhoundErrors of pictures.
        """
        limits = self._kit.limits.picture
        found: Readable = await self._kit.compute.run("as_readable", data, limits)
        if whole:
            await self._kit.compute.run("check_picture", found.data, limits)
        return found
