"""JPEGs that end too early: what still shows the whole picture is taken, as viewers do; what does not is refused."""

from __future__ import annotations

import hashlib
import io
import re

import pytest
from PIL import Image

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import Limits, check_picture, prepare_entry
from copyhound.matching.decode import decode

from . import matching_pictures as pics

PHOTO = "kodak_0015.jpg"
OPTIONS: dict[str, tuple[str, dict[str, object]]] = {
    "ordinary": ("RGB", {}),
    "grey": ("L", {}),
    "CMYK": ("CMYK", {}),
    "no colour saved": ("RGB", {"subsampling": 0}),
    "restart marks": ("RGB", {"restart_marker_rows": 1}),
    "progressive": ("RGB", {"progressive": True}),
}


def jpeg(kind: str) -> bytes:
    """A JPEG of that kind."""
    mode, options = OPTIONS[kind]
    out = io.BytesIO()
    pics.photo(PHOTO).convert(mode).save(out, "JPEG", quality=85, **options)
    return out.getvalue()


def refused(data: bytes) -> str:
    """The code with which a picture is refused."""
    with pytest.raises(CopyhoundError) as caught:
        prepare_entry(data)
    return caught.value.code


@pytest.mark.parametrize("missing", [1, 2, 3, 10, 100])
@pytest.mark.parametrize("kind", list(OPTIONS))
def test_a_missing_end_is_no_matter(kind: str, missing: int) -> None:
    """Without its end mark, or some bytes more, a JPEG is the picture that it was; its facts are of what was sent."""
    data = jpeg(kind)[:-missing]
    found = pics.compared(pics.raw(PHOTO), data)
    assert found is not None
    assert found.confidence >= 99
    facts = check_picture(data)
    assert (facts.bytes, facts.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_nothing_of_it_is_changed() -> None:
    """Only the end mark missing, all pixels are the same."""
    data = jpeg("ordinary")
    whole, cut = (decode(one, Limits(), 260)[1] for one in (data, data[:-2]))
    assert (whole == cut).all()


@pytest.mark.parametrize("kind", [name for name in OPTIONS if name != "progressive"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.9, 0.94])
def test_a_picture_cut_in_two_is_refused(kind: str, share: float) -> None:
    """Where more than a strip of the rows is missing, a JPEG is damaged."""
    data = jpeg(kind)
    assert refused(data[: int(len(data) * share)]) == "image_truncated"


def test_a_progressive_picture_may_lack_its_last_refinement() -> None:
    """Cut within its last scan all of it is there, hardly coarser; cut before that, it is damaged."""
    data = jpeg("progressive")
    scans = [found.start() for found in re.finditer(b"\xff\xda", data)]
    assert pics.compared(pics.raw(PHOTO), data[: scans[-1] + 500]) is not None
    for scan in scans[1:]:
        assert refused(data[: scan - 10]) == "image_truncated"


def test_a_cut_picture_is_turned_as_its_header_says() -> None:
    """The EXIF orientation counts for it too."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    pics.photo(PHOTO).transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", exif=exif)
    facts, pixels = decode(out.getvalue()[:-2], Limits(), 260)
    assert (facts.width, facts.height) == (768, 512)
    assert pixels.shape == (260, 390, 3)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_other_formats_may_lack_their_end_too(kind: str) -> None:
    """A PNG without its last chunk and a GIF without its last byte are whole."""
    out = io.BytesIO()
    pics.photo(PHOTO).save(out, kind)
    found = pics.compared(pics.raw(PHOTO), out.getvalue()[: -12 if kind == "PNG" else -1])
    assert found is not None
    assert found.confidence >= 99
