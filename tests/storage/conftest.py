"""What several tests of rows need."""

from __future__ import annotations

import pytest

from copyhound.storage import Units

from .found_rows import MATCHES
from .makers import a_list, a_lookup, a_search, an_image, at


@pytest.fixture
async def found(units: Units) -> Units:
    """Two images of one list, their matches, and searches that began at 0 and at 2 seconds."""
    async with units() as unit:
        await unit.lists.add(a_list())
        await unit.images.add([an_image(), an_image("image_2", name="boat.jpg")])
        await unit.searches.add(a_search("search_1", created_at=at(0)), [a_lookup("search_1")])
        await unit.searches.add(a_search("search_2", created_at=at(2)), [a_lookup("search_2", "image_2")])
        # one that found nothing new
        await unit.searches.add(a_search("search_3", created_at=at(6)), [a_lookup("search_3")])
        for match in MATCHES:
            assert await unit.matches.add(match)
    return units
