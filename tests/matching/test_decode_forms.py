"""One picture in many forms: whatever pixels, profile, turn or ground a file has, it is the picture that it shows."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFont

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import EditKind
from copyhound.matching import Limits
from copyhound.matching.decode import decode

from . import matching_pictures as pics

PHOTO = "kodak_0015.jpg"
SURE = 99.0
ADOBE_RGB = np.array([[0.7152, 0.2848, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0412, 0.9588]])


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """A file of that kind."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def luminance() -> np.ndarray:
    """The photograph's, as eight bits."""
    return np.asarray(pics.photo(PHOTO).convert("L"))


def deep(bits: int) -> bytes:
    """A PNG of 16 bits of which only so many are used, from the lowest; a dead pixel uses all."""
    values = (luminance().astype(np.float64) * ((1 << bits) - 1) / 255).astype(np.uint16)
    values[7, 7] = 65_535
    return saved(Image.fromarray(values), "PNG")


def floating(top: float, odd: float | None = None, low: float = 0.0) -> bytes:
    """A TIFF of floating numbers from `low` to `top`; a line of it is `odd`."""
    values = (low + luminance().astype(np.float32) / 255 * (top - low)).astype(np.float32)
    if odd is not None:
        values[100, 50:90] = odd
    return saved(Image.fromarray(values), "TIFF")


def big_endian() -> bytes:
    """A TIFF of 16 bits, as it was written on other machines."""
    pixels = luminance()
    body = saved(Image.frombytes("I;16B", pixels.shape[::-1], (pixels.astype(">u2") * 257).tobytes()), "TIFF")
    assert Image.open(io.BytesIO(body)).mode == "I;16B"
    return body


def in_lab() -> bytes:
    """A TIFF in CIELAB."""
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(pics.photo(PHOTO), srgb, lab, outputMode="LAB")
    assert image is not None
    return saved(image, "TIFF")


def in_a_wide_space() -> bytes:
    """A JPEG whose numbers are those of a wider colour space, with a profile."""
    linear = (np.asarray(pics.photo(PHOTO)) / 255) ** 2.2 @ ADOBE_RGB.T
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = Image.fromarray((np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8))
    return saved(wide, "JPEG", quality=90, icc_profile=profile)


def veiled() -> bytes:
    """An RGBA picture under whose transparent border there is another picture."""
    photo = pics.photo(PHOTO).convert("RGBA")
    photo.putalpha(Image.new("L", photo.size, 255))
    out = pics.photo(pics.names()[0]).resize((photo.width + 200, photo.height + 200)).convert("RGBA")
    out.putalpha(0)
    out.paste(photo, (100, 100))
    return pics.png(out)


FORMS: dict[str, Callable[[], bytes]] = {
    **{f"{bits} of 16 bits": lambda bits=bits: deep(bits) for bits in (16, 14, 12, 10, 8)},  # type: ignore[misc]
    "16 bits, the other end first": big_endian,
    "32 bits": lambda: saved(Image.fromarray(luminance().astype(np.int32) * 8_000_000), "TIFF"),
    "32 bits, signed": lambda: saved(Image.fromarray(luminance().astype(np.int32) * 10 - 2000), "TIFF"),
    "fractions": lambda: floating(1.0),
    "fractions of both signs": lambda: floating(1.0, low=-1.0),
    "floating, to 255": lambda: floating(255.0),
    "floating, to 37": lambda: floating(37.0),
    "no number in it": lambda: floating(1.0, float("nan")),
    "infinity in it": lambda: floating(1.0, float("inf")),
    "less than all in it": lambda: floating(1.0, float("-inf")),
    "an outlier in it": lambda: floating(1.0, 1e38),
    "CMYK": lambda: saved(pics.photo(PHOTO).convert("CMYK"), "JPEG", quality=90),
    "CMYK, TIFF": lambda: saved(pics.photo(PHOTO).convert("CMYK"), "TIFF"),
    "YCbCr": lambda: saved(pics.photo(PHOTO).convert("YCbCr"), "TIFF"),
    "CIELAB": in_lab,
    "wide colour space": in_a_wide_space,
    "grey": lambda: saved(pics.photo(PHOTO).convert("L"), "PNG"),
    "grey and alpha": lambda: saved(pics.photo(PHOTO).convert("LA"), "PNG"),
    "black and white": lambda: saved(pics.photo(PHOTO).convert("1"), "PNG"),
    "palette": lambda: saved(pics.photo(PHOTO).quantize(64), "PNG"),
    "palette, GIF": lambda: saved(pics.photo(PHOTO), "GIF"),
    "palette, one colour clear": lambda: saved(pics.photo(PHOTO).quantize(64), "PNG", transparency=9),
    "palette, all half clear": lambda: saved(
        pics.photo(PHOTO).quantize(64), "PNG", transparency=bytes(range(100, 164))
    ),
    "one colour clear": lambda: saved(pics.photo(PHOTO), "PNG", transparency=pics.photo(PHOTO).getpixel((100, 100))),
    "one grey clear": lambda: saved(pics.photo(PHOTO).convert("L"), "PNG", transparency=128),
    "clear border with pixels under it": veiled,
    "progressive": lambda: saved(pics.photo(PHOTO), "JPEG", progressive=True),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_is_the_same_picture(form: str) -> None:
    """A photograph in any form is found by its JPEG, and finds it, each as sure as can be."""
    data = FORMS[form]()
    for query, match in ((data, pics.raw(PHOTO)), (pics.raw(PHOTO), data)):
        found = pics.compared(query, match)
        assert found is not None
        assert found.confidence >= SURE


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_few_bits_are_as_bright_as_they_were_meant(bits: int) -> None:
    """What uses only the lower of 16 bits is no darker than its sibling of eight; one dead pixel changes nothing."""
    _, pixels = decode(deep(bits), Limits(), 3000)
    assert np.abs(pixels[..., 0].astype(int) - luminance())[20:].max() <= 2


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf"), 1e38, -1e38])
def test_odd_numbers_change_no_other_pixel(odd: float) -> None:
    """Floating pixels that are no numbers, or beyond all others, leave the others as they are."""
    _, pixels = decode(floating(1.0, odd), Limits(), 3000)
    assert np.abs(pixels[..., 0].astype(int) - luminance())[110:].max() <= 2


def test_a_picture_of_no_numbers_is_too_simple() -> None:
    """Where nothing is a number, there is nothing to be seen."""
    with pytest.raises(CopyhoundError, match="image_too_simple"):
        pics.entry(saved(Image.fromarray(np.full((300, 400), np.nan, np.float32)), "TIFF"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turn_by_exif_is_no_edit(kind: str, orientation: int) -> None:
    """A file that stands right only by its EXIF tag is the upright picture, neither mirrored nor rotated."""
    turn = [None, 0, 3, 1, 5, 2, 6, 4][orientation - 1]  # the transpositions of Pillow that the tags undo
    photo, exif = pics.photo(PHOTO), Image.Exif()
    exif[0x0112] = orientation
    turned = photo if turn is None else photo.transpose(Image.Transpose(turn))
    found = pics.compared(saved(turned, kind, exif=exif), pics.raw(PHOTO))
    assert found is not None
    assert found.confidence >= SURE
    assert not {edit.kind for edit in found.edits} & {EditKind.mirrored, EditKind.rotated, EditKind.cropped}


def logo(ink: str) -> Image.Image:
    """A logo of one colour on nothing."""
    out = Image.new("RGBA", (640, 420), (0, 0, 0, 0))
    draw = ImageDraw.Draw(out)
    for number in range(5):
        draw.regular_polygon(
            (120 + 95 * number, 130, 42 + 6 * number), 3 + number, rotation=17 * number, outline=ink, width=9
        )
        draw.ellipse((60 + 110 * number, 330, 100 + 110 * number, 350 + 10 * number), fill=ink)
    draw.text((60, 220), "Kestrel & Sons", font=ImageFont.load_default(size=76), fill=ink)
    return out


def laid_on(ground: str, image: Image.Image) -> bytes:
    """A JPEG of a transparent picture on a ground."""
    out = Image.new("RGB", image.size, ground)
    out.paste(image, mask=image.getchannel("A"))
    return pics.jpeg(out)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "grey PNG"])
@pytest.mark.parametrize(
    ("ink", "ground"), [("white", "black"), ("white", "navy"), ("black", "white"), ("#d03020", "white")]
)
def test_a_logo_on_nothing_is_the_one_on_a_ground(ink: str, ground: str, kind: str) -> None:
    """A transparent logo, also a white one, is seen as its makers meant it: on a ground that it stands out from."""
    image = logo(ink)
    data = saved(image.convert("LA"), "PNG") if kind == "grey PNG" else saved(image, kind)
    for query, match in ((data, laid_on(ground, image)), (laid_on(ground, image), data)):
        found = pics.compared(query, match)
        assert found is not None
        assert found.confidence >= SURE


def test_a_pale_thing_with_shadows_stands_on_white() -> None:
    """Only what next to nothing of would be seen on white gets a dark ground: a bright photograph does not."""
    bright = pics.photo(PHOTO).point(lambda value: 180 + value * 75 // 255)
    bright.putalpha(Image.new("L", bright.size, 0))
    bright.paste(bright.convert("RGB").crop((100, 50, 600, 450)), (100, 50))
    _, pixels = decode(pics.png(bright), Limits(), 300)
    assert pixels[:5].min() > 240
