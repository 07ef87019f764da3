"""Find search: running, nothing found and not asked are told apart."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from copyhound.domain.searches import Outcome, lookup_id
from copyhound.services.action_shapes import AddImages, CreateList, FindSearch, ImageReference, SearchFound
from copyhound.services.searches import begin, new_search

from ..fixtures import photos
from ..fixtures.houses import Home, home

NOT_SET_UP = "tineye is not set up: plugins.tineye: it lacks the required field `api_key`."


async def found(house: Home, search_id: str) -> SearchFound:
    """What the action tells of a search that is there."""
    answer = await house.services.actions.find_search(house.caller, FindSearch(search_id))
    (one,) = answer.items
    assert (answer.id, answer.found) == (search_id, True)
    return one


async def test_a_complete_search_tells_who_did_not_answer(at_both_homes: Home) -> None:
    """Each provider's lookups are told by outcome, the skipped ones with the reason; matches are counted once."""
    house = at_both_homes
    await house.index("https://a.example.com/crop.jpg", photos.cropped(1))
    await house.index("https://b.example.org/mirror.jpg", photos.mirrored(1))
    search = (await house.search(photos.photo(1), photos.photo(2), providers=("own_index", "tineye"))).search
    told = await found(house, search.id)
    assert (told.complete, told.completed_at, told.created_at) == (True, search.completed_at, search.created_at)
    assert (told.search_id, told.list_id) == (search.id, search.list_id)
    assert (told.images, told.lookups, told.matches) == (2, 4, 2)
    assert told.outcomes == {"answered": 1, "no_match": 1, "skipped": 2}
    rows = {(one.provider, one.outcome): (one.lookups, one.matches, one.reason) for one in told.by_provider}
    assert rows == {
        ("own_index", Outcome.answered): (1, 2, None),
        ("own_index", Outcome.no_match): (1, 0, None),
        ("tineye", Outcome.skipped): (
            2,
            0,
            NOT_SET_UP,
        ),
    }


async def test_matches_of_other_searches_are_not_counted(at_home: Home) -> None:
    """A search tells of its own images alone, also in a list that has others."""
    await at_home.index("https://a.example.com/crop.jpg", photos.cropped(1))
    first = (await at_home.search(photos.photo(1))).search
    second = (await at_home.search(photos.photo(2), list_id=first.list_id)).search
    assert [(await found(at_home, one.id)).matches for one in (first, second)] == [1, 0]


async def test_reasons_are_few_and_the_most_frequent_first(tmp_path: Path) -> None:
    """Open lookups are told as such; of many different reasons those of the most lookups are told, 20 at most."""
    async with home(tmp_path / "data", work=False) as house:
        actions, services = house.services.actions, house.services
        list_id = (await actions.create_list(house.caller, CreateList("Reasons"))).id
        images = [ImageReference(url=f"https://a.example.com/{number}.jpg") for number in range(30)]
        added = (await actions.add_images(house.caller, AddImages(list_id, images))).images
        ids = [one.id for one in added]
        reasons = ["captcha" if number > 25 else f"captcha {number}" for number in range(28)]
        async with services.kit.units() as uow:
            search = new_search(house.caller.workspace_id, list_id, ("tineye",), ids, services.kit)
            await begin(uow, search, ids)
            for image_id, reason in zip(ids, reasons, strict=False):
                lookup = await uow.searches.lookup(lookup_id(search.id, image_id, "tineye"))
                assert lookup is not None
                await uow.searches.end_lookup(replace(lookup, outcome=Outcome.blocked, reason=reason))
        told = await found(house, search.id)
    assert (told.complete, told.completed_at) == (False, None)
    assert told.outcomes == {"blocked": 28, "open": 2}
    assert len(told.by_provider) == 20
    assert {(one.outcome, one.lookups, one.reason) for one in told.by_provider[:2]} == {
        (Outcome.blocked, 2, "captcha"),
        (None, 2, None),
    }
