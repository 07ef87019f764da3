"""Pictures that the engine does not read itself, icons and cameras' raw files, turned into ones that it does.

Only for compute processes: parts of these files are decoded here.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any, Final

from PIL import Image

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.extras import missing_extra
from copyhound.domain.pictures import Readable

from .header import Limits, read_facts

ICO: Final = b"\x00\x00\x01\x00"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MAX_ICONS: Final = 256
_ENTRY: Final = struct.Struct("<BBBBHHII")
_DIB: Final = struct.Struct("<Iii")
_RAW: Final[tuple[tuple[int, bytes], ...]] = (
    (0, b"II*\x00"),
    (0, b"MM\x00*"),
    (0, b"IIRO"),
    (0, b"IIRS"),
    (0, b"IIU\x00"),
    (0, b"MMOR"),
    (0, b"FUJIFILMCCD-RAW"),
    (0, b"FOVb"),
    (0, b"\x00MRM"),
    (4, b"ftypcrx "),
)
"""What cameras' raw files begin with; the first two are any TIFF's."""
_FULL_SIZE: Final = 4_000_000
"""Larger raw files are developed at half their size: the engine looks at far less."""
_SIDEWAYS: Final = (5, 6)
_QUALITY: Final = 92
_DEFAULT: Final = Limits()


def as_readable(data: bytes, limits: Limits = _DEFAULT) -> Readable:
    """The picture as it is, where the engine reads it; an icon as its largest picture, a raw file developed.

    Raises what `read_facts` raises; image_unsupported for a raw file without the extra `raw`.
    """
    if len(data) > limits.max_bytes:
        raise CopyhoundError("image_too_many_bytes", f"The file has {len(data)} bytes; {limits.max_bytes} are allowed.")
    if data.startswith(ICO):
        return _icon(data, limits)
    raw = _developed(data, limits) if any(data[at : at + len(mark)] == mark for at, mark in _RAW) else None
    if raw is not None:
        return raw
    facts = read_facts(data, limits)
    return Readable(data, facts.format, facts.width, facts.height)


def _icon(data: bytes, limits: Limits) -> Readable:
    try:
        picture = _largest(data)
        still = picture if picture.startswith(_PNG) else _of_bitmap(picture, limits)
    except (struct.error, IndexError, ValueError, OSError, SyntaxError) as error:
        raise CopyhoundError("image_truncated", "The icon is damaged or cut short.") from error
    facts = read_facts(still, limits)
    return Readable(still, "ICO", facts.width, facts.height)


def _largest(data: bytes) -> bytes:
    """The file within the icon that has the most pixels, then the most colours."""
    count = int.from_bytes(data[4:6], "little")
    entries = [_ENTRY.unpack_from(data, 6 + 16 * n) for n in range(min(count, _MAX_ICONS))]
    *_, size, offset = max(entries, key=lambda one: ((one[0] or 256) * (one[1] or 256), one[5]))
    if offset + size > len(data):
        raise ValueError("an icon's picture lies outside of its file")
    return data[offset : offset + size]


def _of_bitmap(bitmap: bytes, limits: Limits) -> bytes:
    """A PNG of an icon's bitmap: its header counts the mask below the picture as rows."""
    _, width, rows = _DIB.unpack_from(bitmap)
    height = abs(rows) // 2
    if width <= 0 or height <= 0:
        raise ValueError("an icon without pixels")
    if width * height > limits.max_pixels:
        raise CopyhoundError("image_too_many_pixels", f"{width} x {height} pixels are more than {limits.max_pixels}.")
    alone = ICO + b"\x01\x00" + _ENTRY.pack(width % 256, height % 256, 0, 0, 1, 32, len(bitmap), 22) + bitmap
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an icon may be larger than its directory can say
        image = Image.open(io.BytesIO(alone), formats=("ICO",))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _developed(data: bytes, limits: Limits) -> Readable | None:
    """A camera's raw file as a JPEG; None where it is none."""
    rawpy = _rawpy()
    if rawpy is None:
        if data.startswith((b"II*\x00", b"MM\x00*")):
            return None  # an ordinary TIFF, as far as can be told without it
        raise CopyhoundError("image_unsupported", missing_extra("Raw pictures need", "raw"))
    try:
        opened = rawpy.imread(io.BytesIO(data))
    except rawpy.LibRawError:
        return None
    with opened as raw:
        sizes = raw.sizes
        width, height = int(sizes.width), int(sizes.height)
        if width * height > limits.max_pixels:
            told = f"{width} x {height} pixels are more than {limits.max_pixels}."
            raise CopyhoundError("image_too_many_pixels", told)
        try:
            pixels = raw.postprocess(use_camera_wb=True, half_size=width * height > _FULL_SIZE)
        except rawpy.LibRawError as error:
            raise CopyhoundError("image_decode_failed") from error
    if sizes.flip in _SIDEWAYS:
        width, height = height, width
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=_QUALITY)
    return Readable(out.getvalue(), "RAW", width, height)


def _rawpy() -> Any:
    try:
        import rawpy
    except ImportError:
        return None
    return rawpy
