"""What people do to pictures before they put them on the web. Deterministic: no chance, no clock."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

Picture = Image.Image
EditFunction = Callable[[Picture, Sequence[Picture]], Picture]
"""Takes the picture, and other people's pictures to mix it with."""

_GREY: Final = (232, 234, 238)
_INK: Final = (28, 32, 40)
_WHITE: Final = (255, 255, 255)


def save(picture: Picture, quality: int = 85) -> bytes:
    """The picture as JPEG bytes."""
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def _text(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: float, fill: tuple[int, ...]) -> None:
    font = ImageFont.load_default(max(10, round(size)))
    draw.text(at, text, font=font, fill=fill, anchor="mm", stroke_width=2, stroke_fill=(0, 0, 0))


def _crop(picture: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    width, height = picture.size
    return picture.crop((round(width * left), round(height * top), round(width * right), round(height * bottom)))


def untouched(picture: Picture, _: Sequence[Picture]) -> Picture:
    """As it is."""
    return picture


def cropped(picture: Picture, _: Sequence[Picture]) -> Picture:
    """The middle: about half of the area."""
    return _crop(picture, 0.12, 0.16, 0.84, 0.86)


def close_crop(picture: Picture, _: Sequence[Picture]) -> Picture:
    """A third of the area, enlarged."""
    part = _crop(picture, 0.2, 0.1, 0.8, 0.66)
    return part.resize((round(part.width * 1.4), round(part.height * 1.4)), Image.Resampling.BICUBIC)


def mirrored(picture: Picture, _: Sequence[Picture]) -> Picture:
    """Left and right changed."""
    return ImageOps.mirror(picture)


def thumbnail(picture: Picture, _: Sequence[Picture]) -> Picture:
    """At most 220 pixels wide and high."""
    small = picture.copy()
    small.thumbnail((220, 220), Image.Resampling.LANCZOS)
    return small


def recompressed(picture: Picture, _: Sequence[Picture]) -> Picture:
    """As JPEG of low quality."""
    return Image.open(io.BytesIO(save(picture, quality=14))).convert("RGB")


def captioned(picture: Picture, _: Sequence[Picture]) -> Picture:
    """A saying over the picture, as people share them."""
    out = picture.copy()
    draw = ImageDraw.Draw(out)
    size = out.width / 15
    _text(draw, (out.width / 2, size), "WHEN IT IS FRIDAY", size, _WHITE)
    _text(draw, (out.width / 2, out.height - size), "AND NOBODY TOLD YOU", size, _WHITE)
    return out


def logo(picture: Picture, _: Sequence[Picture]) -> Picture:
    """A shop's badge and web address over the picture."""
    out = picture.copy()
    draw = ImageDraw.Draw(out)
    side = min(out.size) // 4
    draw.ellipse((out.width - side - 12, 12, out.width - 12, side + 12), fill=(214, 40, 57))
    _text(draw, (out.width - 12 - side / 2, 12 + side / 2), "SALE", side / 4, _WHITE)
    _text(draw, (out.width / 2, out.height * 0.6), "deals.example", out.width / 14, (240, 240, 240))
    return out


def grey(picture: Picture, _: Sequence[Picture]) -> Picture:
    """Without colours."""
    return ImageOps.grayscale(picture).convert("RGB")


def sepia(picture: Picture, _: Sequence[Picture]) -> Picture:
    """In brown, as an old print."""
    return ImageOps.colorize(ImageOps.grayscale(picture), black=(40, 22, 8), white=(255, 238, 205))


def recoloured(picture: Picture, _: Sequence[Picture]) -> Picture:
    """Colours turned by a third of the circle, brighter, with more contrast."""
    hue, saturation, value = picture.convert("HSV").split()
    turned = Image.merge("HSV", (hue.point([(level + 85) % 256 for level in range(256)]), saturation, value))
    return ImageEnhance.Contrast(ImageEnhance.Brightness(turned.convert("RGB")).enhance(1.12)).enhance(1.25)


def inverted(picture: Picture, _: Sequence[Picture]) -> Picture:
    """As a negative."""
    return ImageOps.invert(picture)


def rotated(picture: Picture, _: Sequence[Picture]) -> Picture:
    """Eleven degrees clockwise, the corners filled."""
    return picture.rotate(-11, Image.Resampling.BICUBIC, expand=True, fillcolor=_GREY)


def quarter_turn(picture: Picture, _: Sequence[Picture]) -> Picture:
    """On its side."""
    return picture.transpose(Image.Transpose.ROTATE_90)


def slanted(picture: Picture, _: Sequence[Picture]) -> Picture:
    """As a print that was photographed from the side."""
    width, height = picture.size
    corners = (-0.06 * width, 0.0, 0.0, height * 1.05, width * 1.0, height * 1.0, width * 1.05, -0.08 * height)
    return picture.transform(picture.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=_GREY)


def bordered(picture: Picture, _: Sequence[Picture]) -> Picture:
    """In a white mat and a frame."""
    return ImageOps.expand(ImageOps.expand(picture, 14, _WHITE), 6, (140, 108, 60))


def screenshot(picture: Picture, _: Sequence[Picture]) -> Picture:
    """The picture in an app's window, with a bar above and words beside it."""
    inner = ImageOps.contain(picture, (460, 460))
    out = Image.new("RGB", (inner.width + 250, inner.height + 110), _GREY)
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, out.width, 46), fill=_INK)
    for number, colour in enumerate(((236, 95, 86), (246, 190, 79), (98, 197, 84))):
        draw.ellipse((14 + number * 24, 16, 28 + number * 24, 30), fill=colour)
    out.paste(inner, (24, 70))
    for line in range(9):
        top = 84 + line * 26
        draw.rounded_rectangle((inner.width + 48, top, inner.width + 200 - line % 3 * 34, top + 10), 5, (186, 192, 202))
    return out


def collage(picture: Picture, others: Sequence[Picture]) -> Picture:
    """Top left of four, with other people's pictures around it."""
    return mosaic([picture, *others[:3]])


def mosaic(pictures: Sequence[Picture]) -> Picture:
    """Up to four pictures in cells of 400 by 300 pixels."""
    out = Image.new("RGB", (820, 620), _WHITE)
    for number, picture in enumerate(pictures[:4]):
        cell = ImageOps.fit(picture, (400, 300), Image.Resampling.LANCZOS)
        out.paste(cell, (7 + number % 2 * 406, 7 + number // 2 * 306))
    return out


def in_turn(*steps: EditFunction) -> EditFunction:
    """One edit after the other."""

    def run(picture: Picture, others: Sequence[Picture]) -> Picture:
        for step in steps:
            picture = step(picture, others)
        return picture

    return run
