from __future__ import annotations

import asyncio

import msgspec
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.storage import Units

from .makers import (
    AT,
    W1,
    W2,
    a_list,
    a_lookup,
    a_match,
    a_search,
    an_entry,
    an_image,
    at,
    blob_key,
    list_with_image,
    web,
)


async def test_a_list_comes_back_as_it_was_saved(units: Units) -> None:
    """Every field survives, the schedule, the time to the microsecond and its zone included."""
    async with units() as unit:
        await unit.lists.add(a_list())
        changed = msgspec.structs.replace(a_list(), label="New", schedule=None, providers=(), next_run_at=None)
        await unit.lists.save(changed)
        await unit.lists.add(a_list("list_2"))
    async with units.read() as unit:
        assert await unit.lists.get(W1, "list_1") == changed
        assert await unit.lists.get(W1, "list_2") == a_list("list_2")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("50%", ["list_1"]),
        ("_A", ["list_1"]),
        ("ÜBER", ["list_2"]),
        ("\\", ["list_3"]),
        ("e", ["list_4", "list_2"]),
        ("nothing", []),
        (None, ["list_4", "list_3", "list_2", "list_1"]),
    ],
)
async def test_labels_are_found_literally_whatever_their_case(
    units: Units, asked: str | None, found: list[str]
) -> None:
    """Wildcards mean themselves, letters outside of ASCII too have no case."""
    labels = ["50%_a", "Über", "a\\b", "plEin"]
    async with units() as unit:
        for number, label in enumerate(labels, 1):
            await unit.lists.add(a_list(f"list_{number}", label=label, created_at=at(number)))
        page = await unit.lists.page(W1, label=asked, cursor=None, limit=10)
    assert [item.id for item in page.items] == found


async def test_lists_are_paged_newest_first(units: Units) -> None:
    """The pages together hold every list once, ties of time included; the last one has no cursor."""
    async with units() as unit:
        for number in range(7):
            await unit.lists.add(a_list(f"list_{number}", created_at=at(number // 3)))
        seen, cursor = [], None
        while True:
            page = await unit.lists.page(W1, label=None, cursor=cursor, limit=3)
            seen += [item.id for item in page.items]
            cursor = page.cursor
            if cursor is None:
                break
    assert seen == [f"list_{number}" for number in (6, 5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize("cursor", ["", "x", "====", "W10", "bnVsbA", "é", "WyJzZWFyY2hlcyIsMSwyXQ", "\x00"])
async def test_a_broken_cursor_is_the_clients_mistake(units: Units, cursor: str) -> None:
    """Whatever is no cursor of ours is refused as invalid_request."""
    async with units.read() as unit:
        with pytest.raises(CopyhoundError, match="invalid_request"):
            await unit.lists.page(W1, label=None, cursor=cursor, limit=3)


async def test_a_cursor_of_another_order_is_refused(units: Units) -> None:
    """A cursor of images is none of lists."""
    async with units() as unit:
        await list_with_image(unit)
        await unit.images.add([an_image("image_2")])
        page = await unit.images.of_list(W1, "list_1", cursor=None, limit=1)
        with pytest.raises(CopyhoundError, match="invalid_request"):
            await unit.lists.page(W1, label=None, cursor=page.cursor, limit=1)


async def test_due_lists_are_the_monitored_ones_whose_time_has_come(units: Units) -> None:
    """Oldest first, of all workspaces, up to the limit."""
    async with units() as unit:
        await unit.lists.add(a_list("list_late", next_run_at=at(10)))
        await unit.lists.add(a_list("list_first", next_run_at=at(-10), workspace_id=W2))
        await unit.lists.add(a_list("list_now", next_run_at=AT))
        await unit.lists.add(a_list("list_off", next_run_at=AT, monitored=False))
        await unit.lists.add(a_list("list_never", next_run_at=None))
        assert [item.id for item in await unit.lists.due(AT, 10)] == ["list_first", "list_now"]
        assert [item.id for item in await unit.lists.due(AT, 1)] == ["list_first"]


async def test_a_slot_is_claimed_once(units: Units) -> None:
    """Of several who claim a slot at the same time exactly one wins; the due time has moved."""
    async with units() as unit:
        await unit.lists.add(a_list())

    async def claim() -> bool:
        async with units() as unit:
            return await unit.lists.claim_slot("list_1", at(60), at(120))

    won = await asyncio.gather(*[claim() for _ in range(5)])
    assert sorted(won) == [False] * 4 + [True]
    async with units.read() as unit:
        item = await unit.lists.get(W1, "list_1")
    assert item is not None
    assert (item.next_run_at, item.last_run_at) == (at(120), at(60))


async def test_a_domain_is_new_to_a_list_once(units: Units) -> None:
    """Also where two units add it at the same time; another list has its own domains."""
    async with units() as unit:
        await unit.lists.add(a_list())
        await unit.lists.add(a_list("list_2"))

    async def add(list_id: str) -> bool:
        async with units() as unit:
            return await unit.lists.add_domain(list_id, "example.org")

    assert sorted(await asyncio.gather(*[add("list_1") for _ in range(4)])) == [False, False, False, True]
    assert await add("list_2")


async def test_images_come_back_as_they_were_saved(units: Units) -> None:
    """Bytes, big numbers and missing facts included."""
    bare = an_image(
        "image_2", original_blob=None, fingerprint=None, bytes=None, width=None, error_code="image_truncated"
    )
    async with units() as unit:
        await unit.lists.add(a_list())
        await unit.images.add([an_image(), bare])
        await unit.images.add([])
        await unit.images.save(msgspec.structs.replace(an_image(), name="other.jpg"))
    async with units.read() as unit:
        assert await unit.images.get(W1, "image_1") == an_image(name="other.jpg")
        assert await unit.images.get(W1, "image_2") == bare
        assert await unit.images.by_ids(W1, ["image_2", "gone", "image_1"]) == [bare, an_image(name="other.jpg")]


async def test_images_of_a_list_come_oldest_first(units: Units) -> None:
    """In the order of adding, over several pages."""
    async with units() as unit:
        await unit.lists.add(a_list())
        await unit.images.add([an_image(f"image_{number}", created_at=at(number)) for number in range(5)])
        first = await unit.images.of_list(W1, "list_1", cursor=None, limit=3)
        rest = await unit.images.of_list(W1, "list_1", cursor=first.cursor, limit=3)
        ids = await unit.images.ids_of_list(W1, "list_1")
    assert [image.id for image in first.items + rest.items] == ids == [f"image_{number}" for number in range(5)]
    assert rest.cursor is None


async def test_deleting_a_list_takes_its_data_and_nothing_else(units: Units) -> None:
    """Images, searches, lookups, matches go; another list's stay, and so do blobs that somebody still names."""
    async with units() as unit:
        await list_with_image(unit)
        await unit.lists.add(a_list("list_2"))
        shared = an_image("image_2", list_id="list_2", original_blob=blob_key("only here"))
        await unit.images.add([shared])
        await unit.images.add([an_image("image_3", original_blob=blob_key("indexed too"), reduced_blob=None)])
        await unit.collections.put_entry(await web(unit), an_entry("indexed too"), AT)
        await unit.searches.add(a_search(), [a_lookup()])
        await unit.matches.add(a_match())
        await unit.matches.add_check("match_1", AT, "found", None)
        await unit.lists.add_domain("list_1", "example.org")
        blobs = await unit.lists.delete(W1, "list_1")
    assert blobs == sorted([blob_key("original"), blob_key("match")])
    async with units.read() as unit:
        assert await unit.lists.get(W1, "list_1") is None
        assert await unit.images.get(W1, "image_1") is None
        assert await unit.searches.get(W1, "search_1") is None
        assert await unit.searches.lookups("search_1") == []
        assert await unit.matches.get(W1, "match_1") is None
        assert await unit.matches.checks("match_1") == []
        assert await unit.images.get(W1, "image_2") == shared


async def test_deleting_an_image_takes_its_matches(units: Units) -> None:
    """And names the blobs that nothing uses any more."""
    async with units() as unit:
        await list_with_image(unit)
        await unit.images.add([an_image("image_2", reduced_blob=None)])
        await unit.matches.add(a_match())
        assert await unit.images.delete(W1, "image_1") == sorted([blob_key("reduced"), blob_key("match")])
        assert await unit.matches.get(W1, "match_1") is None
        assert await unit.images.get(W1, "image_2") is not None
