"""One rule for what is too simple or too small: the same at indexing, at search and at first sight."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import check_picture, prepare_entry, prepare_query

from ..fixtures import photos

PAGE = (850, 1100)
DOORS: list[Callable[[bytes], object]] = [prepare_entry, prepare_query, check_picture]


def verdicts(data: bytes) -> set[str]:
    """What indexing, searching and the first look say: a code, or "taken"."""
    return {verdict(door, data) for door in DOORS}


def verdict(door: Callable[[bytes], object], data: bytes) -> str:
    try:
        door(data)
    except CopyhoundError as error:
        return error.code
    return "taken"


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def drawn(draw: Callable[[ImageDraw.ImageDraw], object], size: tuple[int, int] = PAGE) -> Image.Image:
    image = Image.new("RGB", size, "white")
    draw(ImageDraw.Draw(image))
    return image


def scan(noise: float, slope: float = 0.0) -> Image.Image:
    """A blank page as a scanner sees it: grain, and a shade to one side."""
    width, height = PAGE
    grain = np.random.default_rng(3).normal(0, noise, (height, width, 1))
    shade = np.linspace(0, slope, width)[None, :, None]
    return Image.fromarray(np.clip(np.full((height, width, 3), 242.0) + grain - shade, 0, 255).astype(np.uint8))


def stripes() -> Image.Image:
    image = Image.new("RGB", (640, 480), "white")
    for x in range(0, 640, 40):
        image.paste("grey", (x, 0, x + 20, 480))
    return image


def footer(text: str) -> Image.Image:
    return drawn(lambda page: page.text((350, 1060), text, fill="black", font=ImageFont.load_default(14)))


SIMPLE = {
    "one colour": Image.new("RGB", (640, 480), "red"),
    "one pixel": Image.new("RGB", (1, 1)),
    "a sliver": Image.new("RGB", (2, 200), "blue"),
    "a gradient": Image.linear_gradient("L").resize((640, 480)),
    "a round gradient": Image.radial_gradient("L").resize((640, 480)),
    "a blank scan": scan(2),
    "a grainy blank scan": scan(8, 12),
    "a thin line": drawn(lambda page: page.line((100, 300, 700, 900), fill="black", width=2)),
    "a level line": drawn(lambda page: page.line((100, 300, 700, 300), fill="black", width=1)),
    "a frame": drawn(lambda page: page.rectangle((100, 100, 750, 1000), outline="black", width=2)),
    "stripes": stripes(),
    "a page number": footer("12"),
}


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize("pack", [png, photos.jpeg], ids=["png", "jpeg"])
def test_what_has_nothing_to_recognise_is_refused(name: str, pack: Callable[[Image.Image], bytes]) -> None:
    """Plain colours, gradients, blank pages and lone lines, at every door alike."""
    assert verdicts(pack(SIMPLE[name])) == {"image_too_simple"}


def icon(seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 255, (16, 16, 3), dtype=np.uint8))


@pytest.mark.parametrize("number", range(4))
def test_icons_are_too_small(number: int) -> None:
    """16 x 16 pixels are refused, whatever they show: enlarging them makes no details."""
    small = icon(number) if number else photos.opened(5).resize((16, 16))
    assert verdicts(png(small)) == {"image_too_simple"}


def test_an_empty_page_with_a_line_of_text_is_refused() -> None:
    """A letterhead or a footer would match every page that has it."""
    assert verdicts(png(footer("Page 12 of 40"))) == {"image_too_simple"}
    long = drawn(lambda page: page.text((100, 1060), "Example Ltd. - Page 12 of 40", fill="black"))
    assert verdicts(photos.jpeg(long)) == {"image_too_simple"}


@pytest.mark.parametrize("number", range(len(photos.NAMES)))
def test_photographs_are_taken(number: int) -> None:
    """Whole, as a thumbnail of 120 pixels, and the middle quarter of it."""
    image = photos.opened(number)
    width, height = image.size
    thumbnail = image.copy()
    thumbnail.thumbnail((120, 120))
    quarter = image.crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    assert [verdicts(photos.jpeg(one)) for one in (image, thumbnail, quarter)] == [{"taken"}] * 3


@pytest.mark.parametrize("radius", range(60, 380, 40))
@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_door_says_the_same_of_discs(radius: int, count: int) -> None:
    """Discs, the border of what is too simple: what the index refuses is refused by a search and at first sight too."""
    image = Image.new("RGB", (800, 800), "white")
    for k in range(count):
        box = (20 + 150 * k, 30 + 120 * k, 20 + 150 * k + radius, 30 + 120 * k + radius)
        ImageDraw.Draw(image).ellipse(box, fill="black", outline="grey", width=4)
    assert len(verdicts(png(image))) == 1
