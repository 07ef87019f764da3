"""The thumbnails that go out with a digest, so that a reader sees them without fetching anything."""

from __future__ import annotations

from typing import Final

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.notifications import Digest, FoundCopy
from copyhound.plugin_api import NoticePicture
from copyhound.services.kit import Kit
from copyhound.services.notifications_counting import one_line
from copyhound.services.notifications_rendering import IN_PAGE

_MOST: Final = 20
_BYTES: Final = 2**20
"""Of all of them: some mailboxes refuse what is larger than a few megabytes."""


async def pictures_of(kit: Kit, workspace_id: str, digest: Digest) -> tuple[NoticePicture, ...]:
    """JPEGs of the copies that a page shows, from the top; what cannot be read stays a link."""
    found: list[NoticePicture] = []
    size = 0
    for copy in _shown(digest):
        made = await _picture(kit, workspace_id, copy)
        if made is None or size + len(made.data) > _BYTES:
            continue
        found.append(made)
        size += len(made.data)
        if len(found) == _MOST:
            break
    return tuple(found)


def _shown(digest: Digest) -> list[FoundCopy]:
    """Each once: a domain that is new to two lists may show the same copy twice."""
    best = [found.copies[0] for found in digest.domains[:IN_PAGE]]
    return list({copy.thumbnail_url: copy for copy in best if copy.thumbnail_url is not None}.values())


async def _picture(kit: Kit, workspace_id: str, copy: FoundCopy) -> NoticePicture | None:
    async with kit.units.read() as uow:
        match = await uow.matches.get(workspace_id, copy.match_id)
    if match is None or match.reduced_blob is None or copy.thumbnail_url is None:
        return None
    try:
        data: bytes = await kit.compute.run("thumbnail", await kit.blobs.get(match.reduced_blob))
    except CopyhoundError:
        return None  # the message matters more than its pictures
    return NoticePicture(copy.thumbnail_url, one_line(copy.image_name), data)
