"""What a comparison says of copies, edit by edit, and of pictures that are not copies."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from copyhound.domain.pictures import Comparison, Edit, EditKind, MatchType
from copyhound.matching import compare

from . import matching_pictures as pics
from .hard import font

PHOTOS = ("kodak_0003.jpg", "clothing_0028.jpg", "kodak_0015.jpg", "clothing_0001.jpg")
OTHER = "kodak_0008.jpg"


def found(image: Image.Image, name: str, quality: int = 85) -> Comparison:
    """The comparison of an edited picture (looked for) with its source (indexed)."""
    comparison = pics.compared(pics.jpeg(image, quality), pics.raw(name))
    assert comparison is not None
    return comparison


def kinds(comparison: Comparison) -> set[EditKind]:
    """Which edits were seen."""
    return {edit.kind for edit in comparison.edits}


def edit_of(comparison: Comparison, kind: EditKind) -> Edit:
    """The one edit of a kind."""
    (edit,) = (edit for edit in comparison.edits if edit.kind is kind)
    return edit


EDITS: dict[str, tuple[Callable[[Image.Image], pics.Edited], set[EditKind], float]] = {
    "crop": (pics.crop, {EditKind.embedded}, 0.008),
    "mirror": (pics.mirror, {EditKind.mirrored}, 0.004),
    "flip": (pics.flip, {EditKind.mirrored, EditKind.rotated}, 0.004),
    "quarter turn": (pics.quarter_turn, {EditKind.rotated}, 0.004),
    "rotate": (pics.rotate, {EditKind.rotated, EditKind.cropped}, 0.004),
    "resize": (pics.resize, {EditKind.resized}, 0.004),
    "stretch": (lambda image: pics.resize(image, 1.3, 0.9), {EditKind.stretched}, 0.004),
    "invert": (pics.invert, {EditKind.inverted}, 0.004),
    "grey": (pics.grey, set(), 0.004),
    "blur": (pics.blur, {EditKind.blurred}, 0.004),
    "caption": (pics.caption, {EditKind.covered}, 0.004),
    "collage": (lambda image: pics.collage(image, pics.photo(OTHER)), {EditKind.cropped}, 0.004),
    "cover": (lambda image: pics.cover(image, pics.photo(OTHER)), {EditKind.covered}, 0.004),
}


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("edit", EDITS)
def test_edit_is_found_named_and_aligned(edit: str, name: str) -> None:
    """Each edit of each picture is found above the line, named, and laid over its source within its bound."""
    change, expected, bound = EDITS[edit]
    source = pics.photo(name)
    edited, truth = change(source)
    comparison = found(edited, name)
    assert comparison.confidence >= 50
    assert expected <= kinds(comparison)
    assert pics.corner_error(comparison.matrix, truth, source.size, edited.size) < bound
    assert comparison.match_type is (MatchType.partial if comparison.edits and expected else comparison.match_type)


@pytest.mark.parametrize("name", pics.names())
def test_same_file_scores_a_hundred(name: str) -> None:
    """A file compared with itself is a full match without edits, at 99 or more."""
    comparison = pics.compared(pics.raw(name), pics.raw(name))
    assert comparison is not None
    assert comparison.score >= 99
    assert comparison.confidence > 99
    assert comparison.match_type is MatchType.full
    assert comparison.edits == ()


@pytest.mark.parametrize("name", PHOTOS)
def test_recompressed_file_is_a_full_match(name: str) -> None:
    """A file that was merely saved anew is a full match that scores at least 95 and says so."""
    comparison = found(pics.photo(name), name, quality=60)
    assert kinds(comparison) == {EditKind.recompressed}
    assert comparison.match_type is MatchType.full
    assert comparison.score >= 95


def test_no_two_photographs_match() -> None:
    """No two different photographs of the package are taken for one another."""
    names = pics.names()
    wrong = [
        (a, b, comparison.confidence)
        for a in names
        for b in names
        if a != b and (comparison := pics.compared(pics.raw(a), pics.raw(b))) and comparison.confidence >= 50
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("backdrop", "things"),
    [
        ("kodak_0005.jpg", ("clothing_0001.jpg", "clothing_0028.jpg")),
        ("kodak_0013.jpg", ("clothing_0057.jpg", "kodak_0003.jpg")),
        ("clothing_0012.jpg", ("kodak_0006.jpg", "kodak_0016.jpg")),
    ],
)
def test_two_things_on_one_backdrop_are_not_the_same_picture(backdrop: str, things: tuple[str, str]) -> None:
    """Two photographs of different things on one backdrop are no match, although the backdrop's geometry holds."""
    first, second = (
        pics.jpeg(pics.on_backdrop(pics.photo(backdrop), pics.photo(thing), seed)) for seed, thing in enumerate(things)
    )
    comparison = pics.compared(first, second)
    assert comparison is None or comparison.confidence < 50


def test_crop_says_how_much_is_shared() -> None:
    """A crop to 40 percent shares all of itself and 40 percent of its source, whichever way round."""
    edited, _ = pics.crop(pics.photo("kodak_0015.jpg"), 0.4)
    small = found(edited, "kodak_0015.jpg")
    assert small.match_share == pytest.approx(40, abs=3)
    assert small.query_share > 97
    large = pics.compared(pics.raw("kodak_0015.jpg"), pics.jpeg(edited))
    assert large is not None
    assert edit_of(large, EditKind.cropped).share == pytest.approx(60, abs=3)


def test_turn_is_told_as_the_match_is_turned() -> None:
    """A found copy that stands 20 degrees clockwise of the image is reported so."""
    turned, _ = pics.rotate(pics.photo("kodak_0015.jpg"), -20)
    comparison = pics.compared(pics.raw("kodak_0015.jpg"), pics.jpeg(turned))
    assert comparison is not None
    assert edit_of(comparison, EditKind.rotated).angle == pytest.approx(20, abs=1)


def test_size_is_told_relative_to_the_image() -> None:
    """A found copy at half the size has the factor 0.5."""
    small, _ = pics.resize(pics.photo("kodak_0015.jpg"), 0.5)
    comparison = pics.compared(pics.raw("kodak_0015.jpg"), pics.jpeg(small))
    assert comparison is not None
    assert edit_of(comparison, EditKind.resized).factor == pytest.approx(0.5, abs=0.01)


def test_thumbnail_of_a_hundred_pixels_is_found() -> None:
    """A copy shrunk to 100 px on its longer side is still found."""
    source = pics.photo("kodak_0015.jpg")
    small, _ = pics.resize(source, 100 / max(source.size))
    assert found(small, "kodak_0015.jpg").confidence >= 50


@pytest.mark.parametrize(("size", "kind"), [(0.95, MatchType.full), (1.08, MatchType.full), (0.7, MatchType.partial)])
def test_slightly_resized_copy_is_full(size: float, kind: MatchType) -> None:
    """A copy that is an eighth smaller or larger at most is a full match; one at 0.7 of the size is partial."""
    changed, _ = pics.resize(pics.photo("kodak_0015.jpg"), size)
    comparison = found(changed, "kodak_0015.jpg")
    assert comparison.match_type is kind
    assert EditKind.resized in kinds(comparison)


@pytest.mark.parametrize("name", PHOTOS)
def test_cover_says_how_much_it_hides(name: str) -> None:
    """Another picture over a quarter of the area hides about 25 percent, and that much less is shared."""
    comparison = found(pics.cover(pics.photo(name), pics.photo(OTHER))[0], name)
    assert edit_of(comparison, EditKind.covered).share == pytest.approx(25, abs=5)
    assert comparison.query_share == pytest.approx(75, abs=5)


@pytest.mark.parametrize("name", PHOTOS)
def test_self_match_without_facts_scores_as_much(name: str) -> None:
    """Where the digests are not known, a picture compared with itself scores 99 and more by its pixels."""
    a, b = pics.query(pics.raw(name)), pics.entry(pics.raw(name))
    comparison = compare(a.fingerprint, b.fingerprint, a.reduced, b.reduced)
    assert comparison is not None
    assert comparison.score >= 99
    assert comparison.edits == ()


def test_named_variant_is_the_only_one_tried() -> None:
    """A mirrored copy is found as the variant that an index names, and not as another one."""
    mirrored, _ = pics.mirror(pics.crop(pics.photo("kodak_0015.jpg"), 0.6)[0])
    a, b = pics.query(pics.jpeg(mirrored)), pics.entry(pics.raw("kodak_0015.jpg"))
    given = (a.fingerprint, b.fingerprint, a.reduced, b.reduced)
    named = compare(*given, variant=1)
    assert named is not None
    assert named.confidence > 95
    assert EditKind.mirrored in kinds(named)
    assert compare(*given, variant=0) is None
    assert compare(*given) == named


def test_more_change_scores_less() -> None:
    """The score falls from recompressed to written over to cropped, while the confidence stays high."""
    source = pics.photo("kodak_0015.jpg")
    comparisons = [
        found(image, "kodak_0015.jpg") for image in (source, pics.caption(source)[0], pics.crop(source, 0.3)[0])
    ]
    scores = [comparison.score for comparison in comparisons]
    assert scores == sorted(scores, reverse=True)
    assert min(comparison.confidence for comparison in comparisons) > 95


def test_without_copies_geometry_alone_decides() -> None:
    """Where no reduced copy was kept, a crop is still found, and the comparison says that no pixels were checked."""
    edited, _ = pics.crop(pics.photo("kodak_0015.jpg"), 0.4)
    a, b = pics.query(pics.jpeg(edited)), pics.entry(pics.raw("kodak_0015.jpg"))
    comparison = compare(a.fingerprint, b.fingerprint)
    assert comparison is not None
    assert comparison.confidence >= 50
    assert not comparison.pixels_checked


def test_without_copies_no_two_photographs_match() -> None:
    """Geometry alone takes no two different photographs for one another either."""
    names = pics.names()[::2]
    for a in names:
        for b in names:
            comparison = compare(pics.query(pics.raw(a)).fingerprint, pics.entry(pics.raw(b)).fingerprint)
            assert a == b or comparison is None or comparison.confidence < 50


@pytest.mark.parametrize("name", ["kodak_0003.jpg", "kodak_0015.jpg"])
def test_blur_is_named_whichever_of_the_two_is_blurred(name: str) -> None:
    """A blurred copy of a sharp image is no full copy, nor is the sharp source of a blurred one."""
    blurred = pics.jpeg(pics.blur(pics.photo(name))[0])
    for image, other in ((pics.raw(name), blurred), (blurred, pics.raw(name))):
        query, entry = pics.query(image), pics.entry(other)
        said = compare(query.fingerprint, entry.fingerprint, query.reduced, entry.reduced)
        assert said is not None
        assert EditKind.blurred in {edit.kind for edit in said.edits}
        assert said.match_type is MatchType.partial


def test_same_file_is_the_same_however_small_it_is() -> None:
    """A picture of 28 px, too small to compare by its features, matches the very same file: 100 in all."""
    tiny = pics.png(pics.photo("kodak_0003.jpg").resize((42, 28)))
    comparison = pics.compared(tiny, tiny)
    assert comparison is not None
    assert (comparison.confidence, comparison.score) == (100, 100)
    assert (comparison.query_share, comparison.match_share) == (100, 100)


@pytest.mark.parametrize("name", PHOTOS)
def test_see_through_mark_is_named(name: str) -> None:
    """Large letters that hide two fifths of what is under them are named as covered: such a copy is not a full one."""
    source = pics.photo(name).convert("RGBA")
    layer = Image.new("RGBA", source.size, (255, 255, 255, 0))
    ImageDraw.Draw(layer).text(
        (source.width * 0.1, source.height * 0.4), "SAMPLE", font=font(source.width // 6), fill=(255, 255, 255, 100)
    )
    comparison = found(Image.alpha_composite(source, layer).convert("RGB"), name)
    assert EditKind.covered in kinds(comparison)
    assert comparison.match_type is MatchType.partial


@pytest.mark.parametrize("name", PHOTOS)
def test_slight_recolouring_is_named(name: str) -> None:
    """A copy that is an eighth brighter is named as recoloured, and is not a full one."""
    comparison = found(ImageEnhance.Brightness(pics.photo(name)).enhance(1.125), name)
    assert EditKind.recoloured in kinds(comparison)
    assert comparison.match_type is MatchType.partial
