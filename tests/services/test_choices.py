"""Drop-downs over a real house: what can be asked is offered, and names that repeat are told apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from copyhound.domain.searches import Outcome
from copyhound.http.wire.descriptors import descriptor
from copyhound.services.choices import Wanted

from ..fixtures import photos
from ..fixtures.houses import Home, TestClock, home
from ..storage.makers import AT, a_list, a_match, an_image, at

SHOP = "https://shop.example.com"
OTHERS = {"copyleaks": "email", "example": "base_url", "infringement_report": "api_key", "tineye": "api_key"}


async def offered(house: Home, kind: str, **wanted: Any) -> dict[str, str]:
    page = await house.services.choices.page(house.caller, kind, Wanted(**wanted))
    return {one.id: one.name for one in page.items}


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[Home]:
    """A new house in which nothing is set and no job runs."""
    async with home(tmp_path / "data", work=False) as opened:
        yield opened


async def test_only_what_can_be_asked_is_offered(quiet: Home) -> None:
    """A new server offers its own index alone, and says what each of the others lacks."""
    assert await offered(quiet, "providers") == {"own_index": "Own index (asked by default)"}
    lacking = {one.name: one.reason for one in quiet.house.providers.states() if one.health == "misconfigured"}
    assert lacking == {
        name: f"plugins.{name}: it lacks the required field `{field}`." for name, field in OTHERS.items()
    }


async def test_who_lacks_settings_is_skipped_where_a_search_names_it(at_home: Home) -> None:
    """A list that still names them is searched all the same, and each lookup says what to set."""
    progress = await at_home.search(photos.photo(1), providers=tuple(OTHERS))
    assert progress.outcomes == {Outcome.skipped: len(OTHERS)}
    told = {one.provider: one.reason or "" for one in progress.images[0].lookups}
    assert [name for name, field in OTHERS.items() if f"`{field}`" not in told[name]] == []


async def test_who_has_its_settings_is_offered_and_must_be_named(tmp_path: Path) -> None:
    """With a key TinEye is offered; a search that names nobody asks the own index alone, as the actions say."""
    async with home(tmp_path / "data", plugins={"tineye": {"api_key": "key-1234"}}) as house:
        assert (await offered(house, "providers"))["tineye"] == "TinEye"
        progress = await house.search(photos.photo(1))
        assert progress.search.providers == ("own_index",)
        for key in ("start_search", "create_list"):
            schema: Any = descriptor(house.house.catalogue.actions[key]).input_schema
            assert "asked by default" in schema["properties"]["providers"]["description"], key


async def test_lists_of_one_label_are_told_apart(tmp_path: Path) -> None:
    """Lists of one label, as searches make them, are told with their minute too, and at last with an id's end."""
    clock = TestClock(AT)
    async with home(tmp_path / "data", work=False, clock=clock) as house:
        mine = {"workspace_id": house.caller.workspace_id}
        async with house.services.kit.units() as uow:
            for list_id, label, made in (
                ("list_000001", "Summer", at(0)),
                ("list_000002", "Summer", at(3600)),
                ("list_000003", "Summer", at(3601)),
                ("list_000004", "Winter", at(0)),
            ):
                await uow.lists.add(a_list(list_id, label=label, created_at=made, **mine))
        minutes = [f"{at(seconds):%Y-%m-%d %H:%M}" for seconds in (0, 3600)]
        assert await offered(house, "lists") == {
            "list_000001": f"Summer, {minutes[0]}",
            "list_000002": f"Summer, {minutes[1]}, 000002",
            "list_000003": f"Summer, {minutes[1]}, 000003",
            "list_000004": "Winter",
        }


async def test_images_of_one_name_are_told_apart(quiet: Home) -> None:
    """A picture that was sent again is another image: what both are called is told with the minute."""
    mine = {"workspace_id": quiet.caller.workspace_id, "name": "k2.jpg"}
    async with quiet.services.kit.units() as uow:
        await uow.lists.add(a_list(workspace_id=quiet.caller.workspace_id))
        await uow.images.add([an_image("image_1", created_at=at(0), **mine)])
        await uow.images.add([an_image("image_2", created_at=at(60), **mine)])
    names = {f"image_{1 + number}": f"k2.jpg, {at(60 * number):%Y-%m-%d %H:%M}" for number in range(2)}
    assert await offered(quiet, "images", list_id="list_1") == names
    assert await offered(quiet, "images", list_id="list_1", q="K2") == names


async def test_copies_on_one_host_are_told_apart(quiet: Home) -> None:
    """A copy is named by its address; the same one found for two lists with the list; and no name is long."""
    mine = {"workspace_id": quiet.caller.workspace_id}
    long = f"{SHOP}/{'deep/' * 40}end.jpg?size=9"
    async with quiet.services.kit.units() as uow:
        for list_id, label in (("list_1", "Summer"), ("list_2", "Winter")):
            await uow.lists.add(a_list(list_id, label=label, **mine))
            image_id = list_id.replace("list", "image")
            await uow.images.add([an_image(image_id, list_id=list_id, name="k2.jpg", **mine)])
            found = {"list_id": list_id, "image_id": image_id, **mine}
            await uow.matches.add(a_match(f"match_{list_id}", image_url=f"{SHOP}/a.jpg", **found))
        found = {"list_id": "list_1", "image_id": "image_1", **mine}
        await uow.matches.add(a_match("match_b", image_url=f"{SHOP}/b.jpg?id=1", **found))
        await uow.matches.add(a_match("match_c", image_url=f"{SHOP}/b.jpg?id=2", **found))
        await uow.matches.add(a_match("match_d", image_url=long, **found))
    names = await offered(quiet, "matches")
    cut = names.pop("match_d")
    assert cut.startswith("k2.jpg at shop.example.com/")
    assert cut.endswith("/end.jpg?size=9")
    assert len(cut) < 90
    assert names == {
        "match_list_1": "k2.jpg at shop.example.com/a.jpg, Summer",
        "match_list_2": "k2.jpg at shop.example.com/a.jpg, Winter",
        "match_b": "k2.jpg at shop.example.com/b.jpg?id=1",
        "match_c": "k2.jpg at shop.example.com/b.jpg?id=2",
    }
