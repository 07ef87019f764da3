"""From a file's bytes to a small array of pixels, upright, in colour, never at more size than needed."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import PictureFacts

from .cut import ended, is_whole
from .header import Limits, facts_of, open_image, orientation
from .wide import WIDE_MODES, eight_bits

Pixels = NDArray[np.uint8]
"""Height x width x 3 (RGB), or height x width (luminance)."""

MAX_STRETCH: Final = 4.0
"""The longer side is kept to this many times what the smaller side may have."""

_SEEN: Final = 127
_PALE: Final = 224
_HARDLY: Final = 0.02
_JPEG_QUALITY: Final = 85
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation."""


def fitting_size(width: int, height: int, smaller: int) -> tuple[int, int]:
    """The size at which a picture is worked on: smaller side at most `smaller`; never larger than it is.

    >>> fitting_size(800, 600, 300), fitting_size(1000, 200, 300)
    ((400, 300), (1000, 200))
    """
    scale = min(1.0, smaller / min(width, height), smaller * MAX_STRETCH / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def decode(data: bytes, limits: Limits, smaller: int) -> tuple[PictureFacts, Pixels]:
    """Decode to RGB with the smaller side about `smaller` pixels.

    Raises what `read_facts` raises, image_truncated and image_decode_failed.
    """
    with open_image(data, limits) as image:
        facts = facts_of(image, data)
        try:
            return facts, _small_rgb(image, smaller)
        except (OSError, EOFError) as error:
            pixels = _of_cut(data, smaller)
            if pixels is None:
                raise CopyhoundError("image_truncated") from error
            return facts, pixels
        except Exception as error:  # a decoder may fail in any way on hostile bytes
            raise CopyhoundError("image_decode_failed") from error


def encode_jpeg(pixels: Pixels, quality: int = _JPEG_QUALITY, *, small: bool = False) -> bytes:
    """RGB or luminance pixels as a JPEG file; `small` takes a little longer to make it a twentieth smaller."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, optimize=small)
    return out.getvalue()


def decode_own(data: bytes) -> Pixels:
    """Decode a reduced copy that `prepare_entry` or `prepare_query` made. RGB.

    Raises CopyhoundError image_decode_failed where it was damaged since.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # as above
        raise CopyhoundError("image_decode_failed", "The reduced copy is damaged.") from error


def decode_half(data: bytes) -> Pixels:
    """The same, as luminance of half the size: a third of the cost. Raises as `decode_own`."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            image.draft("L", (image.width // 2, image.height // 2))
            return np.asarray(image.convert("L"))
    except Exception as error:  # as above
        raise CopyhoundError("image_decode_failed", "The reduced copy is damaged.") from error


def _of_cut(data: bytes, smaller: int) -> Pixels | None:
    """The pixels of a file that ends too early; None where too many are missing."""
    try:
        image = ended(data)
        pixels = _small_rgb(image, smaller) if image else None
        return pixels if image and is_whole(image) else None
    except Exception:  # as above
        return None


def _small_rgb(image: Image.Image, smaller: int) -> Pixels:
    size, turn = fitting_size(*image.size, smaller), _TURNS.get(orientation(image))
    image.draft("RGB", size)
    image.load()
    small = _flattened(_shrunk(_plain(image), size))
    return np.asarray(small if turn is None else small.transpose(turn))


def _plain(image: Image.Image) -> Image.Image:
    """One of L, RGB or RGBA: what resizes well."""
    if image.mode in WIDE_MODES:
        return eight_bits(image)
    if "transparency" in image.info and image.mode in {"1", "L", "RGB", "P"}:
        return image.convert("RGBA")
    if image.mode in {"LA", "La", "PA", "RGBa"}:
        return image.convert("RGBA")
    return image if image.mode in {"L", "RGB", "RGBA"} else image.convert("RGB")


def _shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _flattened(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    alpha = image.getchannel("A")
    ground = Image.new("RGB", image.size, "black" if _is_white(image, alpha) else "white")
    ground.paste(image, mask=alpha)
    return ground


def _is_white(image: Image.Image, alpha: Image.Image) -> bool:
    """Whether a transparent picture is made for dark grounds: on white, next to nothing of it would be seen."""
    seen = image.convert("L").histogram(alpha.point(lambda value: 255 * (value > _SEEN)))
    return sum(seen[:_PALE]) < _HARDLY * sum(seen)
