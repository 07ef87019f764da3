"""Icons and raw files, as the compute processes turn them into pictures that the engine reads."""

from __future__ import annotations

import io
import struct
import sys

import pytest
from PIL import Image

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import as_readable, prepare_query
from copyhound.matching.header import Limits

from ..fixtures.foreign import dng, icon, icon_of_bitmap
from ..fixtures.photos import opened, photo


def test_what_the_engine_reads_stays_as_it_is() -> None:
    """A JPEG comes back byte for byte, with its facts."""
    found = as_readable(photo(3))
    assert found.data == photo(3)
    assert found.format == "JPEG"
    assert (found.width, found.height) == opened(3).size


@pytest.mark.parametrize("make", [icon, icon_of_bitmap])
def test_an_icon_is_its_largest_picture(make: object) -> None:
    """Icons hold PNG files or bitmaps: either way the largest comes out, as a picture that can be searched."""
    found = as_readable(make(opened(3)))  # type: ignore[operator]
    assert (found.format, found.width, found.height) == ("ICO", 256, 256)
    assert prepare_query(found.data).facts.format == "PNG"


@pytest.mark.parametrize("cut", [3, 5, 20, 40, 200])
def test_a_damaged_icon_is_told(cut: int) -> None:
    """An icon that ends too early is damaged, whatever part is missing."""
    with pytest.raises(CopyhoundError) as caught:
        as_readable(icon_of_bitmap(opened(3))[:cut])
    assert caught.value.code in ("image_truncated", "not_an_image")


def test_an_icon_without_pictures_is_told() -> None:
    """An empty directory is no picture."""
    with pytest.raises(CopyhoundError, match="image_truncated"):
        as_readable(b"\x00\x00\x01\x00\x00\x00")


def test_an_icon_that_claims_a_huge_bitmap_is_refused() -> None:
    """The bitmap's own header is asked before anything is decoded: the directory cannot tell large sizes."""
    header = struct.pack("<IiiHHIIiiII", 40, 20_000, 40_000, 1, 32, 0, 0, 0, 0, 0, 0)
    data = b"\x00\x00\x01\x00\x01\x00" + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(header), 22) + header
    with pytest.raises(CopyhoundError, match="image_too_many_pixels"):
        as_readable(data)


def test_an_icon_that_hides_a_huge_png_is_refused() -> None:
    """What is within the icon is held to the same limits."""
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    data = b"\x00\x00\x01\x00\x01\x00" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(out.getvalue()), 22)
    with pytest.raises(CopyhoundError, match="image_too_many_pixels"):
        as_readable(data + out.getvalue())


def test_too_many_bytes_are_refused_first() -> None:
    """Nothing is parsed of a file that is too large."""
    with pytest.raises(CopyhoundError, match="image_too_many_bytes"):
        as_readable(icon(opened(3)), Limits(max_bytes=100))


def test_a_raw_file_is_developed() -> None:
    """A camera's raw file comes out as a JPEG of the same scene, with the size of the raw file."""
    pytest.importorskip("rawpy")
    found = as_readable(dng(opened(3)))
    assert (found.format, found.width, found.height) == ("RAW", *opened(3).size)
    developed = Image.open(io.BytesIO(found.data)).convert("RGB").resize((8, 6))
    original = opened(3).resize((8, 6))
    apart = [abs(a - b) for a, b in zip(developed.tobytes(), original.tobytes(), strict=True)]
    assert sum(apart) / len(apart) < 30


def test_a_raw_file_has_to_keep_the_limit_of_pixels() -> None:
    """The header of a raw file is asked before it is developed."""
    pytest.importorskip("rawpy")
    with pytest.raises(CopyhoundError, match="image_too_many_pixels"):
        as_readable(dng(opened(3)), Limits(max_pixels=1000))


def test_without_the_extra_a_raw_file_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what to install."""
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(CopyhoundError, match="the extra raw on the server"):
        as_readable(b"FUJIFILMCCD-RAW 0201FF393701" + bytes(500))


def test_a_tiff_stays_a_tiff() -> None:
    """An ordinary TIFF begins like many raw files, and is none."""
    out = io.BytesIO()
    opened(3).save(out, "TIFF")
    assert as_readable(out.getvalue()).format == "TIFF"
