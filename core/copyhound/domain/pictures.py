"""What is known of a picture, and of how two pictures relate. Pure data."""

from __future__ import annotations

from enum import StrEnum

import msgspec

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
"""A homography, row by row. Takes a pixel (x, y, 1) of the match to a pixel of the query image."""


class PictureFacts(msgspec.Struct, frozen=True):
    """Read from a file's header and bytes, before any pixel is decoded."""

    format: str
    """JPEG, PNG, GIF, WEBP, BMP or TIFF."""
    width: int
    """Pixels, as shown: after the EXIF orientation is applied."""
    height: int
    bytes: int
    sha256: str


class Readable(msgspec.Struct, frozen=True):
    """A picture that the engine reads. Format, width and height are those of the file that was sent, as shown."""

    data: bytes
    format: str
    """As PictureFacts has it; also ICO and RAW."""
    width: int
    height: int


class MatchType(StrEnum):
    """How much of the image a copy is."""

    full = "full"
    """An exact or nearly exact copy."""
    partial = "partial"
    """Cropped, resized, recoloured or otherwise changed."""


class EditKind(StrEnum):
    """The ways in which a copy may differ."""

    resized = "resized"
    cropped = "cropped"
    mirrored = "mirrored"
    rotated = "rotated"
    stretched = "stretched"
    perspective = "perspective"
    recoloured = "recoloured"
    inverted = "inverted"
    blurred = "blurred"
    covered = "covered"
    embedded = "embedded"
    recompressed = "recompressed"


class Edit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way in which the match differs from the image that was looked for."""

    kind: EditKind
    share: float | None = None
    """Percent of the picture's area: cut away (cropped), hidden (covered), or filled (embedded)."""
    angle: float | None = None
    """Degrees clockwise (rotated)."""
    factor: float | None = None
    """Size of the match relative to the image (resized), or of width relative to height (stretched)."""


class Comparison(msgspec.Struct, frozen=True):
    """The result of comparing a query image with a found picture by geometry and pixels."""

    confidence: float
    """0-100, calibrated: how surely both show the same picture; 50 is the line."""
    score: float
    """0-100: how little the picture was changed."""
    match_type: MatchType
    edits: tuple[Edit, ...]
    query_share: float
    """Percent of the query image's area that is in common."""
    match_share: float
    """Percent of the match's area that is in common."""
    matrix: Matrix
    """Match pixel to query pixel, both in the full pictures' own coordinates."""
    pixels_checked: bool
    """False where no reduced copy was kept, so that geometry alone decided."""
    inliers: int = 0
