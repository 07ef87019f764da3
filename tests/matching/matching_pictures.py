"""Pictures and edits for the tests of `matching`: real photographs of the package, edited with known geometry."""

from __future__ import annotations

import io
import math
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from copyhound.domain.pictures import Comparison
from copyhound.matching import Prepared, compare, prepare_entry, prepare_query

IDENTITY = np.eye(3)
Edited = tuple[Image.Image, np.ndarray]
"""An edited picture, and the true 3 x 3 matrix from a pixel of the source to one of the edited picture."""


@cache
def names() -> tuple[str, ...]:
    """The package's demonstration photographs, sorted."""
    folder = files("copyhound.demo").joinpath("pictures")
    return tuple(sorted(one.name for one in folder.iterdir() if one.name.endswith(".jpg")))


@cache
def raw(name: str) -> bytes:
    """A photograph's file."""
    return files("copyhound.demo").joinpath("pictures", name).read_bytes()


def photo(name: str) -> Image.Image:
    """A photograph's pixels."""
    return Image.open(io.BytesIO(raw(name))).convert("RGB")


def jpeg(image: Image.Image, quality: int = 85) -> bytes:
    """A JPEG file."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def png(image: Image.Image) -> bytes:
    """A PNG file."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@cache
def entry(data: bytes) -> Prepared:
    """Prepared for an index, once."""
    return prepare_entry(data)


@cache
def query(data: bytes) -> Prepared:
    """Prepared for searching, once."""
    return prepare_query(data)


def compared(query_data: bytes, match_data: bytes) -> Comparison | None:
    """Compare an image that is looked for with an indexed one, as a search does."""
    a, b = query(query_data), entry(match_data)
    return compare(a.fingerprint, b.fingerprint, a.reduced, b.reduced, query_facts=a.facts, match_facts=b.facts)


def corner_error(guess: object, truth: np.ndarray, size: tuple[int, int], query_size: tuple[int, int]) -> float:
    """The largest distance of the source's corners from their true places, relative to the query's diagonal."""
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], float).T
    a, b = np.array(guess, float) @ corners, truth @ corners
    return float(np.abs(a[:2] / a[2] - b[:2] / b[2]).max() / math.hypot(*query_size))


def shifted(x: float, y: float) -> np.ndarray:
    """A shift."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float)


def crop(image: Image.Image, area: float = 0.4) -> Edited:
    """A window of that share of the area, off the middle."""
    width, height = int(image.width * math.sqrt(area)), int(image.height * math.sqrt(area))
    x, y = (image.width - width) // 3, (image.height - height) // 2
    return image.crop((x, y, x + width, y + height)), shifted(-x, -y)


def mirror(image: Image.Image) -> Edited:
    """Left for right."""
    return ImageOps.mirror(image), shifted(image.width, 0) @ np.diag([-1.0, 1, 1])


def flip(image: Image.Image) -> Edited:
    """Upside down, mirrored."""
    return ImageOps.flip(image), shifted(0, image.height) @ np.diag([1.0, -1, 1])


def quarter_turn(image: Image.Image) -> Edited:
    """A quarter counter-clockwise."""
    turned = image.transpose(Image.Transpose.ROTATE_90)
    return turned, np.array([[0, 1, 0], [-1, 0, image.width], [0, 0, 1.0]])


def rotate(image: Image.Image, degrees: float = 20) -> Edited:
    """Counter-clockwise, on a larger grey ground."""
    out = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(127, 127, 127))
    a = math.radians(degrees)
    turn = np.array([[math.cos(a), math.sin(a), 0], [-math.sin(a), math.cos(a), 0], [0, 0, 1]])
    return out, shifted(out.width / 2, out.height / 2) @ turn @ shifted(-image.width / 2, -image.height / 2)


def resize(image: Image.Image, x: float = 0.3, y: float | None = None) -> Edited:
    """Another size."""
    width, height = round(image.width * x), round(image.height * (x if y is None else y))
    matrix = np.diag([width / image.width, height / image.height, 1.0])
    return image.resize((width, height), Image.Resampling.LANCZOS), matrix


def invert(image: Image.Image) -> Edited:
    """The negative."""
    return ImageChops.invert(image), IDENTITY


def blur(image: Image.Image) -> Edited:
    """Strongly blurred."""
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 160)), IDENTITY


def grey(image: Image.Image) -> Edited:
    """Without colour."""
    return image.convert("L").convert("RGB"), IDENTITY


def caption(image: Image.Image) -> Edited:
    """Written over in three places."""
    out, size = image.copy(), image.height / 9
    draw = ImageDraw.Draw(out)
    for row, words in enumerate(("SUMMER SALE", "all must go", "www.shop.example")):
        spot = (image.width * 0.04, image.height * (0.1 + 0.3 * row))
        font = ImageFont.load_default(size=size)
        draw.text(spot, words, font=font, fill="white", stroke_width=3, stroke_fill="black")
    return out, IDENTITY


def collage(image: Image.Image, other: Image.Image, share: float = 0.5) -> Edited:
    """Pasted into another picture of 800 x 600."""
    host = other.resize((800, 600))
    piece, matrix = resize(image, share * 600 / max(image.height, image.width * 0.75))
    host.paste(piece, (90, 120))
    return host, shifted(90, 120) @ matrix


def cover(image: Image.Image, other: Image.Image) -> Edited:
    """Another picture over a quarter of it."""
    out = image.copy()
    out.paste(other.resize((image.width // 2, image.height // 2)), (image.width // 4, image.height // 4))
    return out, IDENTITY


def on_backdrop(backdrop: Image.Image, thing: Image.Image, seed: int) -> Image.Image:
    """A thing laid on a backdrop and photographed: each `seed` is another shot, from a slightly other place.

    A rug has relief and folds, and light falls on it anew: so the backdrop's pixels shift a little, each their own way.
    """
    rng = np.random.default_rng(seed)
    out = backdrop.resize((640, 480)).copy()
    mask = Image.new("L", (380, 400), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, 379, 399), fill=255)
    out.paste(thing.resize((380, 400)), (130, 40), mask)
    out = out.rotate(float(rng.uniform(-1.5, 1.5)), Image.Resampling.BICUBIC)
    field = cv2.GaussianBlur(rng.normal(0, 1, (480, 640, 3)), (0, 0), 14)
    field *= 4.0 / field.std()
    x, y = np.meshgrid(np.arange(640), np.arange(480))
    bent = cv2.remap(
        np.asarray(out), (x + field[..., 0]).astype(np.float32), (y + field[..., 1]).astype(np.float32), cv2.INTER_CUBIC
    )
    lit = bent[8:472, 8:632] * (1 + 0.02 * field[8:472, 8:632, 2:]) + rng.normal(0, 3, (464, 624, 3))
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
