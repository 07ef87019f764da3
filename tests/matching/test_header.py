"""What is read from a file's header, and what is refused before any pixel is decoded."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from functools import partial

import pytest
from PIL import Image, ImageFile, TiffImagePlugin, WebPImagePlugin

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import Limits, read_facts
from copyhound.matching.decode import decode

from . import matching_pictures as pics

PLAIN = Image.linear_gradient("L").convert("RGB").resize((40, 30))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """A file of that kind."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def refused(data: bytes, limits: Limits | None = None) -> str:
    """The code with which a file is refused."""
    with pytest.raises(CopyhoundError) as caught:
        read_facts(data, limits or Limits())
    return caught.value.code


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_head(width: int, height: int) -> bytes:
    """A PNG that says it is so large, with hardly any data behind it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_facts_of_each_format(kind: str) -> None:
    """Format, size, bytes and digest of each allowed format are read from the bytes alone."""
    data = saved(PLAIN, kind)
    facts = read_facts(data)
    assert (facts.format, facts.width, facts.height, facts.bytes) == (kind, 40, 30, len(data))
    assert facts.sha256 == hashlib.sha256(data).hexdigest()


def test_size_is_as_shown() -> None:
    """A picture that its EXIF orientation lays on its side is as wide as it is shown."""
    facts = read_facts(saved(PLAIN, "JPEG", exif=sideways()))
    assert (facts.width, facts.height) == (30, 40)


@pytest.mark.parametrize("data", [b"", b"hello", b"<html><body>404</body></html>", bytes(1000)])
def test_other_bytes_are_no_image(data: bytes) -> None:
    """Empty files, texts, web pages and zeros are not images."""
    assert refused(data) == "not_an_image"


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x20ftypavif" + bytes(40),
        b"\x00\x00\x00\x20ftypheic" + bytes(40),
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"8BPS\x00\x01" + bytes(30),
        b"\x00\x00\x01\x00\x01\x00" + bytes(30),
    ],
)
def test_foreign_formats_are_unsupported(data: bytes) -> None:
    """AVIF, HEIC, PDF, SVG, PSD and ICO are named as unsupported, not as broken."""
    assert refused(data) == "image_unsupported"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_cut_header_is_truncated(kind: str) -> None:
    """A file that ends within its header is truncated."""
    assert refused(saved(PLAIN, kind)[:14]) == "image_truncated"


def test_too_many_bytes() -> None:
    """A file over the byte limit is refused unread."""
    assert refused(saved(PLAIN, "PNG"), Limits(max_bytes=50)) == "image_too_many_bytes"


@pytest.mark.parametrize("size", [(9_000, 9_000), (30_000, 30_000), (70_000, 10), (2**31 - 1, 2**31 - 1)])
def test_bombs_are_refused_by_their_header(size: tuple[int, int]) -> None:
    """A small file that claims to hold a vast picture is refused before it is decoded."""
    assert refused(png_head(*size)) == "image_too_many_pixels"


def test_pixel_limit_is_a_setting() -> None:
    """A lower pixel limit refuses what the default allows."""
    assert refused(saved(PLAIN, "PNG"), Limits(max_pixels=1_000)) == "image_too_many_pixels"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animations_are_refused(kind: str) -> None:
    """Animated GIF, APNG and WebP and TIFFs of several pages get an error, never a silent first frame."""
    frames = [PLAIN, Image.new("RGB", PLAIN.size, "red")]
    assert refused(saved(frames[0], kind, save_all=True, append_images=frames[1:])) == "image_animated"


def test_name_is_never_trusted() -> None:
    """A PNG is a PNG, whatever a client called it: only the bytes are read."""
    assert read_facts(pics.png(PLAIN)).format == "PNG"


def test_first_frame_of_a_stereo_photograph_is_the_picture() -> None:
    """A JPEG with a second picture behind it (MPO), as telephones and stereo cameras make, is a JPEG, no animation."""
    facts = read_facts(saved(PLAIN, "MPO", save_all=True, append_images=[PLAIN]))
    assert (facts.format, facts.width, facts.height) == ("JPEG", 40, 30)


def sideways() -> Image.Exif:
    """EXIF that lays a picture on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def png_with(where: bytes) -> bytes:
    """A PNG with a chunk that lays it on its side, before the chunk `where`."""
    plain = saved(PLAIN, "PNG")
    at = plain.index(where) - 4
    return plain[:at] + chunk(b"eXIf", sideways().tobytes()[6:]) + plain[at:]


def tiff_with_xmp(exif: Image.Exif | None = None) -> bytes:
    """A TIFF whose XMP lays it on its side, whatever its tag says."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700] = b'<x tiff:Orientation="6"/>'
    tags.tagtype[700] = 1
    if exif is not None:
        tags[0x0112] = exif[0x0112]
    return saved(PLAIN, "TIFF", tiffinfo=tags)


FILES: dict[str, Callable[[], bytes]] = {
    **{kind: partial(saved, PLAIN, kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")},
    **{f"{kind} on its side": partial(saved, PLAIN, kind, exif=sideways()) for kind in ("JPEG", "PNG", "WEBP", "TIFF")},
    "MPO": lambda: saved(PLAIN, "MPO", save_all=True, append_images=[PLAIN]),
    "PNG, eXIf before its pixels": lambda: png_with(b"IDAT"),
    "PNG, eXIf behind its pixels": lambda: png_with(b"IEND"),
    "PNG of 16 bits": lambda: saved(Image.new("I;16", PLAIN.size, 900), "PNG"),
    "PNG with a palette": lambda: saved(PLAIN.convert("P"), "PNG"),
    "compressed TIFF on its side": lambda: saved(PLAIN, "TIFF", exif=sideways(), compression="tiff_lzw"),
    "TIFF, XMP": tiff_with_xmp,
    "TIFF, XMP and tag": lambda: tiff_with_xmp(sideways()),
}


@pytest.fixture
def no_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pixel can be decoded."""

    def load(image: Image.Image) -> None:
        raise AssertionError(f"the pixels of a {image.format} were asked for")

    for kind in (Image.Image, ImageFile.ImageFile, TiffImagePlugin.TiffImageFile, WebPImagePlugin.WebPImageFile):
        monkeypatch.setattr(kind, "load", load)


@pytest.mark.usefixtures("no_pixels")
@pytest.mark.parametrize("data", [make() for make in FILES.values()], ids=list(FILES))
def test_facts_need_no_pixels(data: bytes) -> None:
    """Whatever the format, and wherever its EXIF stands, the facts are read without decoding a pixel."""
    facts = read_facts(data)
    assert {facts.width, facts.height} == {40, 30}


@pytest.mark.parametrize("data", [make() for make in FILES.values()], ids=list(FILES))
def test_pixels_agree_with_the_facts(data: bytes) -> None:
    """A picture is decoded as its facts say: on its side or not, by the header's orientation alone."""
    facts, pixels = decode(data, Limits(), 300)
    assert facts == read_facts(data)
    assert pixels.shape == (facts.height, facts.width, 3)


@pytest.mark.parametrize(
    ("name", "turned"),
    [
        ("JPEG on its side", True),
        ("WEBP on its side", True),
        ("TIFF on its side", True),
        ("compressed TIFF on its side", True),
        ("PNG, eXIf before its pixels", True),
        ("PNG, eXIf behind its pixels", False),
        ("TIFF, XMP", False),
        ("TIFF, XMP and tag", True),
    ],
)
def test_orientation_is_the_headers(name: str, turned: bool) -> None:
    """A picture that stands on its side is turned, once, by what stands before its pixels."""
    _, pixels = decode(FILES[name](), Limits(), 300)
    dark, light = (pixels[:, -1], pixels[:, 0]) if turned else (pixels[0], pixels[-1])
    assert dark.mean() < 30 < 220 < light.mean()


def many_parts(kind: str) -> bytes:
    """A small picture whose header has very many parts."""
    if kind == "PNG, profiles":
        part, plain = chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000))), saved(PLAIN, "PNG")
        return plain[:33] + part * 1_000 + plain[33:]
    if kind == "PNG, texts":
        plain = saved(PLAIN, "PNG")
        return plain[:33] + chunk(b"tEXt", b"a\0b") * 100_000 + plain[33:]
    if kind == "JPEG, comments":
        plain = saved(PLAIN, "JPEG")
        return plain[:2] + b"\xff\xfe\0\2" * 100_000 + plain[2:]
    plain = saved(PLAIN, "GIF")
    return plain[:-2] + b"\1\0" * 1_000_000 + plain[-2:]


@pytest.mark.parametrize("kind", ["PNG, profiles", "PNG, texts", "JPEG, comments", "GIF, crumbs"])
def test_headers_without_end_are_refused(kind: str) -> None:
    """A file that is all header, in parts beyond number, is given up instead of read to its end."""
    assert refused(many_parts(kind)) == "image_truncated"


def test_headers_with_many_parts_will_do() -> None:
    """What cameras and editors put into a header, a few hundred parts of it, is no obstacle."""
    png, jpeg = saved(PLAIN, "PNG"), saved(PLAIN, "JPEG")
    assert read_facts(png[:33] + chunk(b"tEXt", b"a\0b") * 200 + png[33:]).format == "PNG"
    assert read_facts(jpeg[:2] + (b"\xff\xe1\xff\xff" + bytes(65_533)) * 300 + jpeg[2:]).format == "JPEG"
    large = pics.photo("kodak_0015.jpg").resize((3000, 2000))
    assert read_facts(saved(large, "GIF")).format == "GIF"


def scanned(kind: str, times: int) -> bytes:
    """A picture whose first scan stands in it so many times."""
    data = FILES[kind]()
    scan, end = data.index(b"\xff\xda"), data.index(b"\xff\xd9")
    return data[:scan] + data[scan:end] * times + data[end:]


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
def test_scans_beyond_number_are_refused(kind: str) -> None:
    """A small JPEG that would have its pixels gone through hundreds of times is refused before it is decoded."""
    assert read_facts(scanned(kind, 100)).format == "JPEG"
    with Image.open(io.BytesIO(scanned(kind, 101))) as image:
        assert image.format == kind
    assert refused(scanned(kind, 101)) == "image_decode_failed"


def test_only_the_pictures_own_scans_count() -> None:
    """What looks like scans in a JPEG's comments, or in the film behind it, is none."""
    plain, film = saved(PLAIN, "JPEG"), b"\xff\xda" * 1_000
    comment = b"\xff\xfe" + struct.pack(">H", len(film) + 2) + film
    assert read_facts(plain[:2] + comment + plain[2:] + film).format == "JPEG"
