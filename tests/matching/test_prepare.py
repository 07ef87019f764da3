"""From hostile or ordinary bytes to a fingerprint and a reduced copy."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from PIL import Image

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import Fingerprint, check_picture, compare, prepare_entry, prepare_query
from copyhound.matching.decode import fitting_size

from ..fixtures import photos
from . import matching_pictures as pics

PHOTO = "kodak_0015.jpg"


def refused(data: bytes) -> str:
    """The code with which a picture is refused."""
    with pytest.raises(CopyhoundError) as caught:
        prepare_entry(data)
    return caught.value.code


@pytest.mark.parametrize(
    ("size", "fitted"),
    [((800, 600), (400, 300)), ((1000, 200), (1000, 200)), ((300, 300), (300, 300)), ((600, 800), (300, 400))],
)
def test_larger_pictures_are_scaled_to_300(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    """Pictures with both sides over 300 px are brought to 300 px on the smaller side; others stay."""
    assert fitting_size(*size, 300) == fitted


def test_very_long_pictures_are_kept_in_bounds() -> None:
    """A strip's longer side is limited, so that no picture costs without bound."""
    width, height = fitting_size(60_000, 200, 300)
    assert (width, height) == (1200, 4)


@pytest.mark.parametrize("name", pics.names())
def test_entry_has_some_350_features_spread_over_the_picture(name: str) -> None:
    """An entry keeps at most 350 features, and they stand in most parts of the picture that have any."""
    fingerprint = Fingerprint.from_bytes(pics.entry(pics.raw(name)).fingerprint)
    assert 150 <= len(fingerprint.vectors) <= 350
    cells = np.unique(np.floor(fingerprint.places * 4), axis=0)
    assert len(cells) >= 10


def test_query_has_more_features_than_an_entry() -> None:
    """A query keeps up to 600 features and 16 hashes; an entry 350 and one."""
    query = Fingerprint.from_bytes(pics.query(pics.raw(PHOTO)).fingerprint)
    entry = Fingerprint.from_bytes(pics.entry(pics.raw(PHOTO)).fingerprint)
    assert 450 < len(query.vectors) <= 600
    assert (len(query.hashes), len(entry.hashes)) == (16, 1)
    assert query.hash256 == query.hashes[0]


def test_fingerprint_knows_the_full_size() -> None:
    """Facts and fingerprint hold the full picture's size; the reduced copy is small."""
    prepared = pics.entry(pics.raw(PHOTO))
    fingerprint = Fingerprint.from_bytes(prepared.fingerprint)
    assert (fingerprint.width, fingerprint.height) == (prepared.facts.width, prepared.facts.height) == (768, 512)
    with Image.open(io.BytesIO(prepared.reduced)) as reduced:
        assert reduced.size == (354, 236)


def test_preparing_is_deterministic() -> None:
    """The same bytes give the same fingerprint."""
    assert prepare_entry(pics.raw(PHOTO)).fingerprint == prepare_entry(pics.raw(PHOTO)).fingerprint


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_format_gives_the_same_picture(kind: str) -> None:
    """The same picture saved in another format is found."""
    out = io.BytesIO()
    pics.photo(PHOTO).save(out, kind)
    comparison = pics.compared(out.getvalue(), pics.raw(PHOTO))
    assert comparison is not None
    assert comparison.confidence > 95


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
def test_every_pixel_mode_is_understood(mode: str) -> None:
    """Grey, palette, transparent, CMYK, black and white and 16-bit pictures are prepared, and grey ones found."""
    photo = pics.photo(PHOTO)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    else:
        image = photo.convert(mode)
    out = io.BytesIO()
    image.save(out, "TIFF")
    comparison = pics.compared(out.getvalue(), pics.raw(PHOTO))
    assert mode == "1" or (comparison is not None and comparison.confidence > 90)


def test_transparent_ground_is_white() -> None:
    """What is transparent counts as white."""
    photo = pics.photo(PHOTO).convert("RGBA")
    mask = Image.new("L", photo.size, 0)
    mask.paste(255, (100, 50, 600, 450))
    photo.putalpha(mask)
    reduced = np.asarray(Image.open(io.BytesIO(prepare_entry(pics.png(photo)).reduced)))
    assert reduced[:20].min() > 230


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    """A picture that stands right only by its EXIF tag is prepared as it is shown."""
    undo = [None, 0, 3, 1, 5, 2, 6, 4]  # the transpositions of Pillow that the tags undo
    turn = undo[orientation - 1]
    photo = pics.photo(PHOTO)
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    (photo if turn is None else photo.transpose(Image.Transpose(turn))).save(out, "JPEG", exif=exif, quality=92)
    prepared = prepare_entry(out.getvalue())
    upright = pics.query(pics.raw(PHOTO))
    comparison = compare(upright.fingerprint, prepared.fingerprint, upright.reduced, prepared.reduced)
    assert (prepared.facts.width, prepared.facts.height) == (768, 512)
    assert comparison is not None
    assert comparison.score > 95


def test_one_rule_refuses_what_is_too_simple() -> None:
    """Flat, tiny and nearly empty pictures are refused, as entries and as queries."""
    dot = Image.new("RGB", (400, 300), "white")
    dot.paste("black", (200, 150, 220, 170))
    gradient = Image.linear_gradient("L").resize((400, 300))
    for image in (Image.new("RGB", (400, 300), "red"), Image.new("RGB", (1, 1)), dot, gradient):
        assert refused(pics.png(image)) == "image_too_simple"
        with pytest.raises(CopyhoundError, match="image_too_simple"):
            prepare_query(pics.png(image))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_truncated_files_are_refused(kind: str, share: float) -> None:
    """A file cut short anywhere in its pixels is refused as truncated, never half taken."""
    out = io.BytesIO()
    pics.photo(PHOTO).save(out, kind)
    data = out.getvalue()
    assert refused(data[: int(len(data) * share)]) == "image_truncated"


def test_damaged_files_never_raise_anything_else() -> None:
    """Whatever bytes are overwritten, a picture is either prepared or refused with a stable code."""
    rng = random.Random(1)
    photo, _ = pics.resize(pics.photo(PHOTO), 0.25)
    sources = [pics.jpeg(photo), pics.png(photo)]
    for kind in ("GIF", "WEBP", "TIFF", "BMP"):
        out = io.BytesIO()
        photo.save(out, kind)
        sources.append(out.getvalue())
    codes = set()
    for data in sources * 12:
        broken = bytearray(data)
        for _ in range(rng.choice((1, 4, 40))):
            broken[rng.randrange(rng.choice((64, len(broken))))] = rng.randrange(256)
        try:
            prepare_entry(bytes(broken))
        except CopyhoundError as error:
            codes.add(error.code)
    assert codes
    assert all(code.startswith(("image_", "not_an_image")) for code in codes)


@pytest.mark.parametrize("data", [b"", b"nonsense", photos.photo(0)[:2000], photos.flat(), photos.tiny()])
def test_a_glance_refuses_what_preparing_refuses(data: bytes) -> None:
    """`check_picture` raises the same code as `prepare_query`."""
    codes = []
    for look in (check_picture, prepare_query):
        with pytest.raises(CopyhoundError) as caught:
            look(data)
        codes.append(caught.value.code)
    assert codes[0] == codes[1]


def test_a_glance_lets_photographs_pass() -> None:
    """Every shipped photograph passes, with its facts."""
    for number in range(len(photos.NAMES)):
        assert check_picture(photos.photo(number)).sha256
