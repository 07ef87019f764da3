"""Pictures are sent no larger than TinEye works on them: smaller side 300 pixels."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageOps

SMALLEST_SIDE: Final = 300
_QUALITY: Final = 90
_MAX_PIXELS: Final = 75_000_000
_ORIENTATION: Final = 0x0112
_FIRST_TURNED: Final = 5
"""EXIF orientations from here on exchange width and height."""


def scaled_size(width: int, height: int) -> tuple[int, int]:
    """Pictures of which both sides are longer than 300 pixels get a smaller side of 300; all others stay.

    >>> scaled_size(800, 600), scaled_size(1000, 200)
    ((400, 300), (1000, 200))
    """
    smaller = min(width, height)
    if smaller <= SMALLEST_SIDE:
        return width, height
    scale = SMALLEST_SIDE / smaller
    return max(SMALLEST_SIDE, round(width * scale)), max(SMALLEST_SIDE, round(height * scale))


def scale_upload(data: bytes) -> bytes:
    """A picture file as it is best sent to TinEye: a JPEG by `scaled_size`, upright; the same bytes where that is
    their size already, or where they cannot be read: then the service says what is wrong."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            size = scaled_size(*image.size)
            if size == image.size or image.width * image.height > _MAX_PIXELS or getattr(image, "n_frames", 1) > 1:
                return data
            return _jpeg(image, size)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return data


def _jpeg(image: Image.Image, size: tuple[int, int]) -> bytes:
    turned = image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
    image.draft("RGB", size)
    upright = _on_white(ImageOps.exif_transpose(image))
    small = upright.resize(size[::-1] if turned else size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground
