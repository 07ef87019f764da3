"""Lists and images in figures, as an overview shows them."""

from __future__ import annotations

from datetime import datetime

import msgspec


class ListFigures(msgspec.Struct, frozen=True):
    """A list in figures. Matches that share only a small logo are not counted."""

    images: int = 0
    open_images: int = 0
    """Images that are still looked for."""
    found_images: int = 0
    """Images of which there is a match."""
    hosts: int = 0
    """On which there are matches."""
    pages: int = 0
    searched_at: datetime | None = None
    """When its last search began."""


class ImageFigures(msgspec.Struct, frozen=True):
    """An image in figures."""

    open: bool = False
    """It is still looked for."""
    hosts: int = 0
    pages: int = 0
    began_at: datetime | None = None
    """When its last search began."""
    ended_at: datetime | None = None
    """When its last lookup ended."""
