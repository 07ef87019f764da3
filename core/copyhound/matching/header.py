"""What a picture file says of itself, before any of its pixels is decoded. Never trusts a file's name."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from typing import Final

import msgspec
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import PictureFacts

FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
"""The only decoders of Pillow that ever see a byte from outside."""

ORIENTATION_TAG: Final = 0x0112
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
_LONGEST_EDGE: Final = 65_535
_HEADER_READS: Final = 5_000
_PNG_HEADER_READS: Final = 1_000
"""Three for each chunk, and any chunk may swell to a megabyte."""
_BYTES_A_READ: Final = 16
"""A GIF is walked through, a block of up to 255 bytes at a time, to see whether there is a second frame."""
_SCANS: Final = 100
"""A progressive JPEG has about ten; each takes as long as all of the picture's pixels, in hardly any bytes."""
_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""None of those that stand within a JPEG's coded pixels."""
JPEG_SCAN: Final = b"\xff\xda"
JPEG_END: Final = b"\xff\xd9"

_KNOWN: Final[tuple[tuple[int, bytes], ...]] = (
    (0, b"\xff\xd8\xff"),
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"GIF87a"),
    (0, b"GIF89a"),
    (8, b"WEBP"),
    (0, b"BM"),
    (0, b"II*\x00"),
    (0, b"MM\x00*"),
)
_FOREIGN: Final[tuple[tuple[int, bytes], ...]] = (
    (4, b"ftyp"),
    (0, b"8BPS"),
    (0, b"%PDF"),
    (0, b"%!PS"),
    (0, b"<svg"),
    (0, b"<?xml"),
    (0, b"\x00\x00\x01\x00"),
    (0, b"\x00\x00\x00\x0cjP"),
    (0, b"\xff\x4f\xff\x51"),
    (0, b"\xff\x0a"),
    (0, b"II+\x00"),
    (0, b"MM\x00+"),
)

warnings.simplefilter("error", Image.DecompressionBombWarning)


class Limits(msgspec.Struct, frozen=True):
    """How large a picture may be: bytes of the file, and pixels as its header states them."""

    max_bytes: int = 20 * 2**20
    max_pixels: int = 75_000_000


_DEFAULT: Final = Limits()


class _Frugal(io.BytesIO):
    """A file of which only so many reads are allowed: a header of a million parts would keep its reader busy."""

    left: int | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise OSError("the header has too many parts")
        return super().read(size)


def read_facts(data: bytes, limits: Limits = _DEFAULT) -> PictureFacts:
    """Read format, size and digest from a file's bytes; width and height are as shown (EXIF applied).

    Raises CopyhoundError: not_an_image, image_unsupported, image_truncated, image_too_many_bytes,
    image_too_many_pixels, image_animated, image_decode_failed (a JPEG of too many scans).
    """
    with open_image(data, limits) as image:
        return facts_of(image, data)


def open_image(data: bytes, limits: Limits = _DEFAULT) -> Image.Image:
    """Open a picture without decoding its pixels. Raises as `read_facts` does."""
    if len(data) > limits.max_bytes:
        raise CopyhoundError("image_too_many_bytes", f"The file has {len(data)} bytes; {limits.max_bytes} are allowed.")
    file = _Frugal(data)
    file.left = _PNG_HEADER_READS if data.startswith(b"\x89PNG") else _HEADER_READS
    try:
        image = Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(limits) from error
    except UnidentifiedImageError as error:
        raise _refusal(data) from error
    except Exception as error:  # a parser may fail in any way on hostile bytes
        raise CopyhoundError("image_truncated", "The picture's header is damaged or cut short.") from error
    if image.width * image.height > limits.max_pixels or max(image.size) > _LONGEST_EDGE:
        raise _too_many_pixels(limits, image.size)
    file.left = len(data) // _BYTES_A_READ + _HEADER_READS
    _refuse_animation(image)
    file.left = None
    if image.format in ("JPEG", "MPO"):
        _refuse_scans(data)
    return image


def facts_of(image: Image.Image, data: bytes) -> PictureFacts:
    """Describe an opened picture. `data` is the whole file."""
    width, height = image.size
    if orientation(image) in _SIDEWAYS:
        width, height = height, width
    name = "JPEG" if image.format == "MPO" else str(image.format)
    return PictureFacts(
        format=name, width=width, height=height, bytes=len(data), sha256=hashlib.sha256(data).hexdigest()
    )


def orientation(image: Image.Image) -> int:
    """How the pixels still have to be turned: the EXIF orientation of the header, 1 to 8; 1 where there is none or it
    makes no sense. To be asked before the pixels are loaded: what follows them in the file does not count."""
    if image.format == "TIFF":
        return 1  # Pillow turns a TIFF itself, and states its size as shown
    try:
        # not image.getexif(): a PNG's decodes all pixels to look behind them
        value = Image.Image.getexif(image).get(ORIENTATION_TAG, 1)
    except Exception:  # as above
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _refuse_animation(image: Image.Image) -> None:
    # an MPO is a photograph with previews or a stereo twin behind it: its first frame is the picture
    if image.format == "MPO":
        return
    try:
        animated = bool(getattr(image, "is_animated", False))
        if isinstance(image, TiffImageFile):
            # its size goes by this tag alone, its pixels by XMP too: they have to agree
            image.getexif()[ORIENTATION_TAG] = image.tag_v2.get(ORIENTATION_TAG, 1)
    except Exception as error:  # as above
        raise CopyhoundError("image_truncated", "The picture's header is damaged or cut short.") from error
    if animated:
        raise CopyhoundError("image_animated")


def _refuse_scans(data: bytes) -> None:
    """Count up to the first picture's end: what follows (a film, another picture) is never decoded."""
    at, parts, scans = 2, 0, 0
    while scans <= _SCANS and parts <= _HEADER_READS:
        found = _MARKER.search(data, at)
        if found is None or found[0] == JPEG_END:
            return
        scans, parts = scans + (found[0] == JPEG_SCAN), parts + 1
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    raise CopyhoundError("image_decode_failed", f"The JPEG has more than {_SCANS} scans, or parts beyond number.")


def _refusal(data: bytes) -> CopyhoundError:
    if any(data[at : at + len(mark)] == mark for at, mark in _KNOWN):
        return CopyhoundError("image_truncated", "The picture's header is damaged or cut short.")
    if any(data[at : at + len(mark)] == mark for at, mark in _FOREIGN):
        return CopyhoundError("image_unsupported")
    return CopyhoundError("not_an_image")


def _too_many_pixels(limits: Limits, size: tuple[int, int] | None = None) -> CopyhoundError:
    seen = f"{size[0]} x {size[1]} pixels are" if size else "It is"
    return CopyhoundError("image_too_many_pixels", f"{seen} more than the allowed {limits.max_pixels} pixels.")
