"""What is read from a file's header, and what is refused before any pixel is decoded."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import Limits, read_facts

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


def png_head(width: int, height: int) -> bytes:
    """A PNG that says it is so large, with hardly any data behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

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
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = read_facts(saved(PLAIN, "JPEG", exif=exif))
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
