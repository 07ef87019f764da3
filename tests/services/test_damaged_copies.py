"""A reduced copy that was damaged on disk hides no match, and is whole again once its picture comes again."""

from __future__ import annotations

import pytest

from copyhound.domain.matches import VerificationState

from ..fixtures import photos
from ..fixtures.houses import Home

URL = "https://www.example.com/crop.jpg"


async def damage_entry(house: Home) -> None:
    """Damages the one entry's reduced copy."""
    (entry,) = (await house.services.collections.entries(house.caller, "web")).items
    damage(house, entry.reduced_blob)


def damage(house: Home, key: str | None) -> None:
    """Changes bytes in the middle of a stored file."""
    assert key is not None
    path = house.services.kit.blobs.root / key  # type: ignore[attr-defined]
    data = bytearray(path.read_bytes())
    data[600:700] = bytes(100)
    path.write_bytes(data)


async def pixels_checked(house: Home) -> bool:
    """Whether the one match of a search, which is verified, was compared by its pixels too."""
    (match,) = await house.matches((await house.search(photos.photo(1))).search.list_id)
    assert match.verification.state is VerificationState.verified
    assert match.verification.comparison is not None
    return match.verification.comparison.pixels_checked


async def test_a_damaged_copy_hides_no_match(at_home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Geometry alone verifies the match and the log names the file once; the picture indexed again heals it."""
    await at_home.index(URL, photos.cropped(1))
    await damage_entry(at_home)
    assert await pixels_checked(at_home) is False
    assert await pixels_checked(at_home) is False
    assert caplog.text.count("is damaged") == 1
    await at_home.index(URL, photos.cropped(1))
    assert await pixels_checked(at_home) is True


async def test_a_searched_image_is_healed_by_the_next_search(at_home: Home) -> None:
    """Its file is kept, so its damaged reduced copy is made anew; where the file is damaged too, all stays as it is."""
    search = (await at_home.search(photos.photo(1))).search
    (image,) = (await at_home.services.lists.images(at_home.caller, search.list_id)).items
    damage(at_home, image.reduced_blob)
    await at_home.services.lookups.prepare(image.workspace_id, search.id, image.id, queue=False)
    assert await at_home.services.kit.blobs.get(image.reduced_blob)
    for key in (image.reduced_blob, image.original_blob):
        damage(at_home, key)
    await at_home.services.lookups.prepare(image.workspace_id, search.id, image.id, queue=False)
    assert (await at_home.services.lists.image(at_home.caller, image.id)).error_code is None
