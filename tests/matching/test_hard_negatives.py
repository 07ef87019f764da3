"""Pictures that are no copies of one another although they share something, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from copyhound.domain.pictures import Comparison, EditKind, MatchType

from . import hard
from . import matching_pictures as pics

SMALL = 10.0


def compared(first: Image.Image, second: Image.Image) -> Comparison | None:
    """The comparison of one picture with the other, as files; None below the line."""
    found = pics.compared(pics.jpeg(first), pics.jpeg(second))
    return found if found and found.confidence >= 50 else None


def photos(*names: str) -> Any:
    """The package's photographs of these names."""
    return tuple(pics.photo(name) for name in names)


@pytest.mark.parametrize("floor", ["kodak_0001.jpg", "clothing_0012.jpg", "kodak_0013.jpg"])
@pytest.mark.parametrize(
    "things",
    [
        ("clothing_0028.jpg", "clothing_0001.jpg"),
        ("clothing_0057.jpg", "clothing_0033.jpg"),
        ("kodak_0002.jpg", "kodak_0009.jpg"),
    ],
)
def test_products_on_one_floor_are_no_copies(floor: str, things: tuple[str, str]) -> None:
    """Photographs of two products on the same floor, which matches to the grain, are no match."""
    assert compared(*hard.products(*photos(*things, floor))) is None


@pytest.mark.parametrize("name", ["kodak_0015.jpg", "kodak_0008.jpg", "kodak_0016.jpg", "kodak_0003.jpg"])
def test_frames_of_a_burst_are_no_copies(name: str) -> None:
    """Two frames of a burst, between which near things moved farther than far ones, are two pictures: no match."""
    assert compared(*hard.burst(*photos(name, "clothing_0028.jpg"))) is None


@pytest.mark.parametrize("names", [("kodak_0003.jpg", "kodak_0015.jpg"), ("clothing_0001.jpg", "kodak_0008.jpg")])
def test_same_frame_around_two_pictures_is_no_match(names: tuple[str, str]) -> None:
    """Two pictures in one frame share the frame to the pixel; what it frames differs, so there is no match."""
    assert compared(*hard.framed(*photos(*names))) is None


@pytest.mark.parametrize("names", [("kodak_0003.jpg", "kodak_0015.jpg"), ("clothing_0001.jpg", "kodak_0008.jpg")])
def test_same_logo_on_two_pictures_is_no_match_or_a_small_one(names: tuple[str, str]) -> None:
    """Two photographs with one agency's logo are no match, or one so small that it is left out by default."""
    found = compared(*hard.branded(*photos(*names)))
    assert found is None or min(found.query_share, found.match_share) < SMALL


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("size", "pitch", "rows"), [(13, 18, 34), (16, 29, 24), (19, 27, 26), (22, 32, 8), (28, 40, 16)]
)
def test_pages_of_text_are_no_copies(size: int, pitch: int, rows: int, dark: bool) -> None:
    """Two pages with other words in the same type share every letter and no line: no match."""
    for seed in (1, 3, 5):
        first, second = (hard.page(one, size, pitch, rows, dark=dark) for one in (seed, seed + 1))
        assert compared(first, second) is None


def test_part_of_a_page_is_found() -> None:
    """Half of a page of text is found as a part of that page."""
    page = hard.page(7)
    found = compared(page.crop((0, 200, 620, 600)), page)
    assert found is not None
    assert found.match_share == pytest.approx(50, abs=3)


@pytest.mark.parametrize(
    "shown",
    [
        (("kodak_0003.jpg", "kodak_0015.jpg"), ("kodak_0008.jpg", "clothing_0001.jpg")),
        (("kodak_0001.jpg", "kodak_0002.jpg"), ("kodak_0009.jpg", "kodak_0016.jpg")),
    ],
)
def test_screenshots_of_one_app_are_no_copies(shown: tuple[tuple[str, str], tuple[str, str]]) -> None:
    """Two screens of an app share its bars and buttons; their pictures differ, so there is no match."""
    assert compared(hard.screen(1, photos(*shown[0])), hard.screen(2, photos(*shown[1]))) is None


def test_screenshots_with_one_picture_in_common_match_by_it() -> None:
    """Two screens of an app that show one same picture match, and say that less than all is shared."""
    first, second = (
        hard.screen(1, photos("kodak_0003.jpg", "kodak_0015.jpg")),
        hard.screen(2, photos("kodak_0003.jpg", "kodak_0008.jpg")),
    )
    found = compared(first, second)
    assert found is None or found.query_share < 90


@pytest.mark.parametrize("cards", [((4, 0), (9, 2)), ((5, 1), (9, 1)), ((7, 3), (4, 2)), ((9, 0), (9, 3))])
def test_playing_cards_are_told_apart(cards: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Cards of another rank or suit are no match, or one that says that part of it is covered."""
    found = compared(hard.card(*cards[0]), hard.card(*cards[1]))
    assert found is None or EditKind.covered in {edit.kind for edit in found.edits}


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 6)])
def test_house_fronts_with_the_same_windows_are_no_copies(seeds: tuple[int, int]) -> None:
    """Two house fronts with the same windows in the same rows are two houses: no match."""
    assert compared(hard.facade(seeds[0]), hard.facade(seeds[1])) is None


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 6)])
def test_other_small_print_is_no_full_copy(seeds: tuple[int, int]) -> None:
    """Two sheets that differ in their small numbers alone look the same at the size of what is kept: never full."""
    found = compared(hard.sheet(seeds[0]), hard.sheet(seeds[1]))
    assert found is None or found.match_type is MatchType.partial


@pytest.mark.parametrize("make", [lambda: hard.page(1), lambda: hard.facade(1), lambda: hard.card(9, 0)])
def test_hard_pictures_are_found_themselves(make: object) -> None:
    """A copy of such a picture at half its size is found all the same."""
    picture = make()  # type: ignore[operator]
    assert compared(pics.resize(picture, 0.5)[0], picture) is not None
